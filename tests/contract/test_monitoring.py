"""One suite for every monitoring back end; CloudWatch runs it on a moto server."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
import pytest

from provisioning_assets.errors import ApplyFailed, ProviderFailed
from provisioning_assets.plan import Action, Attributes, Change, diff
from provisioning_assets.providers.aws import client
from provisioning_assets.providers.monitoring import HEALTH_RULE, ROUTES, Monitoring
from provisioning_assets.providers.monitoring.registry import BACK_ENDS
from tests.servers import moto_server

REGION = "eu-central-1"
NAMESPACE = "demo_shop/staging"
BODY = {
    "widgets": [
        {"type": "text", "properties": {"markdown": "# Launch"}},
        {
            "type": "metric",
            "properties": {
                "title": "health",
                "stat": "Minimum",
                "period": 60,
                "metrics": [[NAMESPACE, "Healthy", "Probe", "shop"]],
            },
        },
        {"type": "metric", "properties": {"title": "orders", "metrics": [[NAMESPACE, "Orders"]]}},
    ]
}


def alarm(route: str) -> Attributes:
    return {
        "probe": "shop",
        "namespace": NAMESPACE,
        "period": 10,
        "periods": 1,
        "rule": HEALTH_RULE,
        "actions": [route],
        "paging": route == "quiet",
    }


DESIRED: dict[str, Attributes] = {
    "log_group application": {"retention_days": 30},
    "log_group audit/orders": {"retention_days": 365},
    **{f"topic {route}": {} for route in ROUTES},
    **{f"tap {route}": {"subscribed": True, "allowed": True} for route in ROUTES},
    "probe shop": {
        "url": "https://www.staging.demo-shop.example/healthz",
        "namespace": NAMESPACE,
        "metric": "Healthy{Probe=shop}",
    },
    **{f"alarm shop-down-{route}": alarm(route) for route in ROUTES},
    "dashboard launch": {"body": BODY},
}


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    with moto_server() as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        client.cache_clear()
        yield
    client.cache_clear()
    api.cache_clear()


@pytest.fixture(scope="module")
def cloudwatch(aws: None) -> Monitoring:
    return BACK_ENDS["cloudwatch"](region=REGION)


@pytest.fixture(scope="module", params=["memory", "cloudwatch"])
def monitoring(request: pytest.FixtureRequest) -> Monitoring:
    if request.param == "cloudwatch":
        return request.getfixturevalue("cloudwatch")
    return BACK_ENDS[request.param](region=REGION)


@pytest.fixture
def scope() -> str:
    return f"shop{uuid4().hex[:8]}-staging"


def bring_about(monitoring: Monitoring, scope: str, desired: dict[str, Attributes]) -> None:
    monitoring.write(scope, diff(desired, monitoring.read(scope)).changes)


def drift(monitoring: Monitoring, scope: str) -> list[str]:
    return [str(change) for change in diff(DESIRED, monitoring.read(scope)).changes]


def test_a_scope_that_nobody_wrote_is_empty(monitoring: Monitoring, scope: str) -> None:
    assert monitoring.read(scope) == {}


def test_what_was_written_is_read_back_in_under_two_seconds(monitoring: Monitoring, scope: str) -> None:
    began = time.monotonic()
    bring_about(monitoring, scope, DESIRED)
    assert time.monotonic() - began < 2
    assert monitoring.read(scope) == DESIRED


def test_writing_again_changes_nothing(monitoring: Monitoring, scope: str) -> None:
    bring_about(monitoring, scope, DESIRED)
    monitoring.write(scope, diff(DESIRED, {}).changes)
    assert drift(monitoring, scope) == []


@pytest.mark.parametrize(
    ("address", "attribute", "value"),
    [
        ("log_group application", "retention_days", 7),
        ("probe shop", "url", "https://other.example/healthz"),
        ("alarm shop-down-pager", "paging", True),
        ("alarm shop-down-pager", "period", 60),
        ("alarm shop-down-quiet", "periods", 3),
        ("alarm shop-down-quiet", "actions", []),
        ("dashboard launch", "body", {"widgets": []}),
    ],
)
def test_an_attribute_is_updated_in_place_and_back(
    monitoring: Monitoring, scope: str, address: str, attribute: str, value: object
) -> None:
    bring_about(monitoring, scope, DESIRED)
    bring_about(monitoring, scope, DESIRED | {address: {**DESIRED[address], attribute: value}})
    assert drift(monitoring, scope) == [f"update {address} ({attribute})"]
    bring_about(monitoring, scope, DESIRED)
    assert drift(monitoring, scope) == []


@pytest.mark.parametrize("address", sorted(DESIRED))
def test_what_is_deleted_is_gone_and_can_be_made_again(monitoring: Monitoring, scope: str, address: str) -> None:
    bring_about(monitoring, scope, DESIRED)
    monitoring.write(scope, [Change(Action.DELETE, address, DESIRED[address])])
    assert address not in monitoring.read(scope)
    bring_about(monitoring, scope, DESIRED)
    assert drift(monitoring, scope) == []


def test_everything_is_deleted_together(monitoring: Monitoring, scope: str) -> None:
    bring_about(monitoring, scope, DESIRED)
    bring_about(monitoring, scope, {})
    assert monitoring.read(scope) == {}


def test_scopes_do_not_see_each_other(monitoring: Monitoring, scope: str) -> None:
    bring_about(monitoring, scope, DESIRED)
    assert monitoring.read(f"{scope}_eu") == {}
    assert monitoring.read(scope[:-1]) == {}


def test_paging_is_switched_for_the_pager_alone(monitoring: Monitoring, scope: str) -> None:
    bring_about(monitoring, scope, DESIRED)
    monitoring.set_paging(scope, "shop-down", enabled=True)
    assert drift(monitoring, scope) == ["update alarm shop-down-pager (paging)"]
    monitoring.set_paging(scope, "shop-down", enabled=False)
    assert drift(monitoring, scope) == []


def test_every_alarm_has_a_state(monitoring: Monitoring, scope: str) -> None:
    bring_about(monitoring, scope, DESIRED)
    states = monitoring.alarm_states(scope)
    assert states.keys() == {"shop-down-pager", "shop-down-quiet"}
    assert set(states.values()) <= {"OK", "ALARM", "INSUFFICIENT_DATA"}


def test_a_tap_that_got_nothing_is_empty_and_a_missing_one_is_an_error(monitoring: Monitoring, scope: str) -> None:
    with pytest.raises(ProviderFailed, match="tap"):
        monitoring.deliveries(scope, "pager")
    bring_about(monitoring, scope, DESIRED)
    assert list(monitoring.deliveries(scope, "pager")) == []


def test_a_breach_is_now_and_of_an_alarm_that_exists(monitoring: Monitoring, scope: str) -> None:
    with pytest.raises(ProviderFailed, match="there is no alarm shop-down-pager"):
        monitoring.breach(scope, "shop-down")
    bring_about(monitoring, scope, DESIRED)
    assert abs(datetime.now(UTC) - monitoring.breach(scope, "shop-down")) < timedelta(seconds=5)


def test_a_widget_shows_the_data_of_its_own_query(monitoring: Monitoring, scope: str) -> None:
    bring_about(monitoring, scope, DESIRED)
    monitoring.breach(scope, "shop-down")
    counts = monitoring.widget_data(scope, "launch")
    assert counts.keys() == {"health", "orders"}
    assert counts["health"] > 0
    assert counts["orders"] == 0


def test_a_dashboard_without_widgets_shows_nothing_and_a_missing_one_is_an_error(
    monitoring: Monitoring, scope: str
) -> None:
    with pytest.raises(ProviderFailed):
        monitoring.widget_data(scope, "launch")
    bring_about(monitoring, scope, DESIRED | {"dashboard launch": {"body": {"widgets": []}}})
    assert monitoring.widget_data(scope, "launch") == {}


@cache
def api(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


@pytest.fixture
def live(cloudwatch: Monitoring, scope: str) -> tuple[Monitoring, Callable[[str], Any]]:
    """CloudWatch with everything in place, and what reaches behind its back."""
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
        BACK_ENDS["cloudwatch"](region=REGION).write(scope, changes)


def test_what_only_speaks_the_api_is_never_called_amazon(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROVISIONING_ALARM_EVALUATOR", raising=False)
    assert BACK_ENDS["cloudwatch"](region=REGION).evaluator().startswith("unknown")
    monkeypatch.setenv("PROVISIONING_ALARM_EVALUATOR", "emulated (alarm engine of the sandbox)")
    assert BACK_ENDS["cloudwatch"](region=REGION).evaluator() == "emulated (alarm engine of the sandbox)"
    monkeypatch.delenv("PROVISIONING_ALARM_EVALUATOR")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    client.cache_clear()
    assert BACK_ENDS["cloudwatch"](region=REGION).evaluator() == "Amazon CloudWatch"
    client.cache_clear()
