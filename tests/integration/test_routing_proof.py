"""The routing proof on CloudWatch's, SNS's and SQS's APIs (moto), with an evaluator that can be told to misbehave.

moto never evaluates an alarm, so the test does: once a second, publishing what an alarm's actions name.
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.monitoring import EVALUATOR, Monitoring
from provisioning_assets.core.kinds import Kind
from provisioning_assets.probes.alert_routing import prove_control, prove_quiet
from tests.support.back_ends import aws_access, opened
from tests.support.monitored import NAMESPACE, ROUTED, RULE, bring_about, drift
from tests.support.servers import moto_server

SCOPE = "demo_shop-staging"


class Evaluator(Thread):
    """Does with the alarms of one moto server what CloudWatch does, and probes the shop, which is well."""

    def __init__(self, access: Access) -> None:
        super().__init__()
        self.access = access
        self.ignores_actions_enabled = False
        self.ended = Event()
        self._cloudwatch: Any = aws.of(access).client("cloudwatch")
        self._sns: Any = aws.of(access).client("sns")

    def run(self) -> None:
        while not self.ended.wait(1):
            healthy = {"MetricName": "Healthy", "Dimensions": [{"Name": "Probe", "Value": "shop"}], "Value": 1.0}
            self._cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=[healthy])
            for alarm in self._cloudwatch.describe_alarms()["MetricAlarms"]:
                self._evaluate(alarm)

    def _evaluate(self, alarm: dict[str, Any]) -> None:
        now = datetime.now(UTC)
        found = self._cloudwatch.get_metric_statistics(
            Namespace=alarm["Namespace"], MetricName=alarm["MetricName"], Dimensions=alarm["Dimensions"],
            StartTime=now - timedelta(seconds=alarm["Period"]), EndTime=now + timedelta(seconds=1),
            Period=60, Statistics=[alarm["Statistic"]],
        )["Datapoints"]  # fmt: skip
        state = "ALARM" if any(point[alarm["Statistic"]] < alarm["Threshold"] for point in found) else "OK"
        if state == alarm["StateValue"]:
            return
        self._cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue=state, StateReason="evaluated")
        if state == "ALARM" and (alarm["ActionsEnabled"] or self.ignores_actions_enabled):
            for topic in alarm["AlarmActions"]:
                message = {"AlarmName": alarm["AlarmName"], "NewStateValue": state}
                self._sns.publish(TopicArn=topic, Message=json.dumps(message))


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    with moto_server() as address:
        evaluator = Evaluator(aws_access(address, PROVISIONING_EMULATION="sandbox"))
        evaluator.start()
        yield evaluator
        evaluator.ended.set()
        evaluator.join()


@pytest.fixture
def monitoring(evaluator: Evaluator) -> Monitoring:
    monitoring = opened(Kind.MONITORING, "cloudwatch", evaluator.access, namespace=NAMESPACE)
    bring_about(monitoring, SCOPE, ROUTED)
    return monitoring


def test_control_and_quiet_route_are_proven_in_under_45_seconds(monitoring: Monitoring) -> None:
    began = time.monotonic()
    control = prove_control(monitoring, SCOPE, RULE)
    assert control.proven, control.summary
    assert control.evaluator == monitoring.identity()[EVALUATOR]
    assert drift(monitoring, SCOPE, ROUTED) == []
    proof = prove_quiet(monitoring, SCOPE, RULE, control)
    assert proof.proven, proof.summary
    assert [delivery.rule for delivery in proof.quiet] == [RULE]
    assert not proof.pager
    assert time.monotonic() - began < 45


def test_a_pager_called_while_muted_and_a_queue_cut_off_are_red(monitoring: Monitoring, evaluator: Evaluator) -> None:
    control = prove_control(monitoring, SCOPE, RULE)
    evaluator.ignores_actions_enabled = True
    leak = prove_quiet(monitoring, SCOPE, RULE, control)
    evaluator.ignores_actions_enabled = False
    assert not leak.proven
    assert [delivery.rule for delivery in leak.pager] == [RULE]

    sns: Any = aws.of(evaluator.access).client("sns")
    for subscription in sns.list_subscriptions()["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    cut_off = prove_quiet(monitoring, SCOPE, RULE, control)
    assert not cut_off.proven
    assert "route pager" in cut_off.summary
    assert cut_off.at is None
