"""The routing proof on CloudWatch's, SNS's and SQS's APIs (moto), with an evaluator that can be told to misbehave.

moto never evaluates an alarm, so the test does: once a second, publishing what an alarm's actions name.
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

import boto3
import pytest
from provisioning_assets.backends.monitoring.registry import BACK_ENDS

from provisioning_assets.backends.aws import client
from provisioning_assets.backends.monitoring import HEALTH_RULE, ROUTES, Monitoring
from provisioning_assets.core.plan import Attributes, diff
from provisioning_assets.probes.alert_routing import prove_control, prove_quiet
from tests.support.servers import moto_server

REGION = "eu-central-1"
SCOPE = "demo_shop-staging"
NAMESPACE = "demo_shop/staging"
DESIRED: dict[str, Attributes] = {
    **{f"topic {route}": {} for route in ROUTES},
    **{f"tap {route}": {"subscribed": True, "allowed": True} for route in ROUTES},
    **{
        f"alarm shop-down-{route}": {
            "probe": "shop",
            "namespace": NAMESPACE,
            "period": 10,
            "periods": 1,
            "rule": HEALTH_RULE,
            "actions": [route],
            "paging": route == "quiet",
        }
        for route in ROUTES
    },
}


class Evaluator(Thread):
    """Does with the alarms of one moto server what CloudWatch does, and probes the shop, which is well."""

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self.ignores_actions_enabled = False
        self.ended = Event()
        self._cloudwatch: Any = boto3.client("cloudwatch", region_name=REGION, endpoint_url=endpoint)
        self._sns: Any = boto3.client("sns", region_name=REGION, endpoint_url=endpoint)

    def run(self) -> None:
        """Look once a second until it is ended."""
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
    with moto_server() as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("PROVISIONING_ALARM_EVALUATOR", "emulated (the test's own evaluator)")
        client.cache_clear()
        evaluator = Evaluator(address)
        evaluator.start()
        yield evaluator
        evaluator.ended.set()
        evaluator.join()
    client.cache_clear()


@pytest.fixture
def monitoring(evaluator: Evaluator) -> Monitoring:
    monitoring = BACK_ENDS["cloudwatch"](region=REGION)
    monitoring.write(SCOPE, diff(DESIRED, monitoring.read(SCOPE)).changes)
    return monitoring


def test_control_and_quiet_route_are_proven_in_under_45_seconds(monitoring: Monitoring) -> None:
    began = time.monotonic()
    control = prove_control(monitoring, SCOPE, "shop-down")
    assert control.proven, control.summary
    assert control.evaluator == "emulated (the test's own evaluator)"
    assert diff(DESIRED, monitoring.read(SCOPE)).empty
    proof = prove_quiet(monitoring, SCOPE, "shop-down", control)
    assert proof.proven, proof.summary
    assert [delivery.alarm for delivery in proof.quiet] == ["shop-down-quiet"]
    assert time.monotonic() - began < 45


def test_a_pager_called_with_its_actions_off_and_a_tap_cut_off_are_red(
    monitoring: Monitoring, evaluator: Evaluator
) -> None:
    control = prove_control(monitoring, SCOPE, "shop-down")
    evaluator.ignores_actions_enabled = True
    leak = prove_quiet(monitoring, SCOPE, "shop-down", control)
    evaluator.ignores_actions_enabled = False
    assert not leak.proven
    assert "the pager got shop-down-pager although paging is off" in leak.summary

    sns: Any = boto3.client("sns", region_name=REGION)
    for subscription in sns.list_subscriptions()["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    cut_off = prove_quiet(monitoring, SCOPE, "shop-down", control)
    assert not cut_off.proven
    assert "the pager tap does not receive what its topic sends" in cut_off.summary
    assert cut_off.at is None
