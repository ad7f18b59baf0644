"""CloudWatch when somebody changes it behind our back, and what its dashboards show."""

import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
import pytest

from provisioning_assets.backends.aws import client
from provisioning_assets.backends.monitoring import Monitoring
from provisioning_assets.backends.monitoring.cloudwatch.platform import CloudWatch
from provisioning_assets.core.plan import diff
from provisioning_assets.errors import ApplyFailed
from tests.support.monitored import DESIRED, NAMESPACE, REGION, alarm, bring_about, drift
from tests.support.servers import emulated_aws


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    with emulated_aws():
        yield
    api.cache_clear()


@pytest.fixture
def scope() -> str:
    return f"shop{uuid4().hex[:8]}-staging"


@cache
def api(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


@pytest.fixture
def live(aws: None, scope: str) -> tuple[Monitoring, Callable[[str], Any]]:
    """CloudWatch with everything in place, and what reaches behind its back."""
    cloudwatch = CloudWatch(region=REGION)
    bring_about(cloudwatch, scope, DESIRED)
    return cloudwatch, api


def changed_alarm(scope: str, client: Callable[[str], Any], **changes: object) -> None:
    """Change one alarm by its API, the rest left as it is."""
    found = client("cloudwatch").describe_alarms(AlarmNames=[f"{scope}-shop-down-pager"])["MetricAlarms"][0]
    names = (
        "AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "ComparisonOperator", "Threshold",
        "Period", "EvaluationPeriods", "TreatMissingData", "AlarmActions", "ActionsEnabled",
    )  # fmt: skip
    client("cloudwatch").put_metric_alarm(**({name: found[name] for name in names} | changes))


def subscription(scope: str, client: Callable[[str], Any]) -> str:
    found = client("sns").list_subscriptions()["Subscriptions"]
    return next(each["SubscriptionArn"] for each in found if each["Endpoint"].endswith(f"{scope}-pager-tap"))


FLIPPED: dict[str, tuple[Callable[[str, Callable[[str], Any]], object], str]] = {
    "actions enabled": (
        lambda scope, client: client("cloudwatch").enable_alarm_actions(AlarmNames=[f"{scope}-shop-down-pager"]),
        "update alarm shop-down-pager (paging)",
    ),
    "threshold": (
        lambda scope, client: changed_alarm(scope, client, Threshold=0.5),
        "update alarm shop-down-pager (rule)",
    ),
    "statistic": (
        lambda scope, client: changed_alarm(scope, client, Statistic="Average"),
        "update alarm shop-down-pager (rule)",
    ),
    "comparison": (
        lambda scope, client: changed_alarm(scope, client, ComparisonOperator="GreaterThanThreshold"),
        "update alarm shop-down-pager (rule)",
    ),
    "missing data": (
        lambda scope, client: changed_alarm(scope, client, TreatMissingData="ignore"),
        "update alarm shop-down-pager (rule)",
    ),
    "data points": (
        lambda scope, client: changed_alarm(scope, client, EvaluationPeriods=3, DatapointsToAlarm=2),
        "update alarm shop-down-pager (periods, rule)",
    ),
    "dimension": (
        lambda scope, client: changed_alarm(scope, client, Dimensions=[{"Name": "Probe", "Value": "other"}]),
        "update alarm shop-down-pager (probe)",
    ),
    "actions emptied": (
        lambda scope, client: changed_alarm(scope, client, AlarmActions=[]),
        "update alarm shop-down-pager (actions)",
    ),
    "another action": (
        lambda scope, client: changed_alarm(scope, client, OKActions=["arn:aws:sns:eu-central-1:1:elsewhere"]),
        "update alarm shop-down-pager (actions)",
    ),
    "alarm added": (
        lambda scope, client: changed_alarm(scope, client, AlarmName=f"{scope}-extra"),
        "delete alarm extra",
    ),
    "subscription removed": (
        lambda scope, client: client("sns").unsubscribe(SubscriptionArn=subscription(scope, client)),
        "update tap pager (subscribed)",
    ),
    "subscription filtered": (
        lambda scope, client: client("sns").set_subscription_attributes(
            SubscriptionArn=subscription(scope, client), AttributeName="FilterPolicy", AttributeValue='{"kind": ["x"]}'
        ),
        "update tap pager (subscribed)",
    ),
    "tap's policy": (
        lambda scope, client: client("sqs").set_queue_attributes(
            QueueUrl=client("sqs").get_queue_url(QueueName=f"{scope}-quiet-tap")["QueueUrl"], Attributes={"Policy": ""}
        ),
        "update tap quiet (allowed)",
    ),
    "dashboard": (
        lambda scope, client: client("cloudwatch").put_dashboard(
            DashboardName=f"{scope}-launch", DashboardBody='{"widgets": []}'
        ),
        "update dashboard launch (body)",
    ),
    "retention": (
        lambda scope, client: client("logs").delete_retention_policy(logGroupName=f"/{scope}/application"),
        "update log_group application (retention_days)",
    ),
    "log group added": (
        lambda scope, client: client("logs").create_log_group(logGroupName=f"/{scope}/extra"),
        "delete log_group extra",
    ),
    "probe's dimension": (
        lambda scope, client: client("ssm").put_parameter(
            Name=f"/{scope}/probes/shop",
            Value='{"url": "https://www.staging.demo-shop.example/healthz", "namespace": "demo_shop/staging",'
            ' "metric": "Healthy", "dimension": {"Probe": "other"}}',
            Overwrite=True,
        ),
        "update probe shop (metric)",
    ),
    "probe unreadable": (
        lambda scope, client: client("ssm").put_parameter(Name=f"/{scope}/probes/shop", Value="-", Overwrite=True),
        "update probe shop (metric, namespace, url)",
    ),
}


@pytest.mark.parametrize("name", FLIPPED)
def test_what_is_changed_behind_our_back_is_seen_and_mended(
    live: tuple[Monitoring, Callable[[str], Any]], scope: str, name: str
) -> None:
    monitoring, client = live
    flip, seen = FLIPPED[name]
    flip(scope, client)
    assert drift(monitoring, scope) == [seen]
    bring_about(monitoring, scope, DESIRED)
    assert drift(monitoring, scope) == []


def test_a_dashboard_with_only_other_spacing_is_no_drift(
    live: tuple[Monitoring, Callable[[str], Any]], scope: str
) -> None:
    monitoring, client = live
    body = client("cloudwatch").get_dashboard(DashboardName=f"{scope}-launch")["DashboardBody"]
    client("cloudwatch").put_dashboard(DashboardName=f"{scope}-launch", DashboardBody=body.replace(", ", ",\n   "))
    assert drift(monitoring, scope) == []


def test_a_log_widget_counts_its_rows(live: tuple[Monitoring, Callable[[str], Any]], scope: str) -> None:
    monitoring, client = live
    now = int(time.time() * 1000)
    client("logs").create_log_stream(logGroupName=f"/{scope}/application", logStreamName="web")
    client("logs").put_log_events(
        logGroupName=f"/{scope}/application", logStreamName="web", logEvents=[{"timestamp": now, "message": "{}"}]
    )
    body = {
        "widgets": [
            {"type": "log", "properties": {"title": title, "query": f"SOURCE '/{scope}/{group}' | fields @message"}}
            for title, group in (("with events", "application"), ("without", "audit/orders"))
        ]
    }
    bring_about(monitoring, scope, DESIRED | {"dashboard launch": {"body": body}})
    assert monitoring.widget_data(scope, "launch") == {"with events": 1, "without": 0}


def test_rows_of_one_widget_are_counted_apart(live: tuple[Monitoring, Callable[[str], Any]], scope: str) -> None:
    monitoring, _ = live
    rows = [[NAMESPACE, "Healthy", "Probe", "shop"], ["...", "gone"]]
    body = {"widgets": [{"type": "metric", "properties": {"title": "health", "metrics": rows}}]}
    bring_about(monitoring, scope, DESIRED | {"dashboard launch": {"body": body}})
    monitoring.breach(scope, "shop-down")
    counts = monitoring.widget_data(scope, "launch")
    assert counts["health: Healthy Probe shop"] > 0
    assert counts["health: Healthy Probe gone"] == 0


def test_an_alarm_without_its_topic_fails_with_the_address(aws: None, scope: str) -> None:
    changes = diff({"alarm shop-down-pager": alarm("pager")}, {}).changes
    with pytest.raises(ApplyFailed, match="cannot create alarm shop-down-pager: there is no pager topic"):
        CloudWatch(region=REGION).write(scope, changes)


def test_what_only_speaks_the_api_is_never_called_amazon(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROVISIONING_ALARM_EVALUATOR", raising=False)
    assert CloudWatch(region=REGION).evaluator().startswith("unknown")
    monkeypatch.setenv("PROVISIONING_ALARM_EVALUATOR", "emulated (alarm engine of the sandbox)")
    assert CloudWatch(region=REGION).evaluator() == "emulated (alarm engine of the sandbox)"
    monkeypatch.delenv("PROVISIONING_ALARM_EVALUATOR")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    client.cache_clear()
    assert CloudWatch(region=REGION).evaluator() == "Amazon CloudWatch"
    client.cache_clear()


def test_a_widget_that_hides_all_its_rows_shows_nothing_and_does_not_vanish(
    live: tuple[Monitoring, Callable[[str], Any]], scope: str
) -> None:
    monitoring, _ = live
    shown, hidden = ([NAMESPACE, "Healthy", "Probe", "shop", {"visible": visible}] for visible in (True, False))
    body = {
        "widgets": [
            {"type": "metric", "properties": {"title": title, "metrics": [row]}}
            for title, row in (("health", shown), ("hidden", hidden))
        ]
    }
    bring_about(monitoring, scope, DESIRED | {"dashboard launch": {"body": body}})
    monitoring.breach(scope, "shop-down")
    counts = monitoring.widget_data(scope, "launch")
    assert counts["health"] > 0
    assert counts["hidden"] == 0
