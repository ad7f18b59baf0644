"""What CloudWatch's dashboards show, widget by widget."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.monitoring import Monitoring
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Attributes, Json
from tests.support.back_ends import aws_access, opened
from tests.support.monitored import CLOUDWATCH_BODY, NAMESPACE, RULE, WATCHED, bring_about, drift
from tests.support.servers import moto_server

Api = Callable[[str], Any]
DESIRED: dict[str, Attributes] = {**WATCHED, "dashboard launch": {"body": CLOUDWATCH_BODY}}


@pytest.fixture(scope="module")
def access() -> Iterator[Access]:
    with moto_server() as address:
        yield aws_access(address)


@pytest.fixture(scope="module")
def cloudwatch(access: Access) -> Monitoring:
    return opened(Kind.MONITORING, "cloudwatch", access, namespace=NAMESPACE)


@pytest.fixture(scope="module")
def api(access: Access) -> Api:
    """What reaches behind its back."""
    return aws.of(access).client


@pytest.fixture
def scope() -> str:
    return f"shop{uuid4().hex[:8]}-staging"


@pytest.fixture
def live(cloudwatch: Monitoring, scope: str) -> Monitoring:
    """CloudWatch with everything in place."""
    bring_about(cloudwatch, scope, DESIRED)
    return cloudwatch


def shown(monitoring: Monitoring, scope: str, *widgets: Json) -> dict[str, int]:
    bring_about(monitoring, scope, DESIRED | {"dashboard launch": {"body": {"widgets": list(widgets)}}})
    return dict(monitoring.dashboard_data(scope, "launch"))


def test_a_dashboard_with_only_other_spacing_is_no_drift(live: Monitoring, api: Api, scope: str) -> None:
    body = api("cloudwatch").get_dashboard(DashboardName=f"{scope}-launch")["DashboardBody"]
    api("cloudwatch").put_dashboard(DashboardName=f"{scope}-launch", DashboardBody=body.replace(", ", ",\n   "))
    assert drift(live, scope, DESIRED) == []


def test_a_log_widget_counts_its_rows(live: Monitoring, api: Api, scope: str) -> None:
    now = int(time.time() * 1000)
    api("logs").create_log_stream(logGroupName=f"/{scope}/application", logStreamName="web")
    api("logs").put_log_events(
        logGroupName=f"/{scope}/application", logStreamName="web", logEvents=[{"timestamp": now, "message": "{}"}]
    )
    widgets = [
        {"type": "log", "properties": {"title": title, "query": f"SOURCE '/{scope}/{group}' | fields @message"}}
        for title, group in (("with events", "application"), ("without", "audit/orders"))
    ]
    assert shown(live, scope, *widgets) == {"with events": 1, "without": 0}


def test_rows_of_one_widget_are_counted_apart(live: Monitoring, scope: str) -> None:
    live.breach(scope, RULE)
    rows = [[NAMESPACE, "Healthy", "Probe", "shop"], ["...", "gone"]]
    counts = shown(live, scope, {"type": "metric", "properties": {"title": "health", "metrics": rows}})
    assert counts["health: Healthy Probe shop"] > 0
    assert counts["health: Healthy Probe gone"] == 0


def test_a_widget_that_hides_all_its_rows_shows_nothing_but_stays(live: Monitoring, scope: str) -> None:
    live.breach(scope, RULE)
    seen, hidden = ([NAMESPACE, "Healthy", "Probe", "shop", {"visible": visible}] for visible in (True, False))
    widgets = [
        {"type": "metric", "properties": {"title": title, "metrics": [row]}}
        for title, row in (("health", seen), ("hidden", hidden))
    ]
    counts = shown(live, scope, *widgets)
    assert counts["health"] > 0
    assert counts["hidden"] == 0
