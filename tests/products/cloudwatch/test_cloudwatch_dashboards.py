"""What CloudWatch's dashboards show, widget by widget."""

import time

from provisioning_assets.backends.monitoring import Monitoring
from provisioning_assets.core.plan import Json
from tests.support.monitored import NAMESPACE, ON_CLOUDWATCH, RULE, Api, bring_about, drift


def shown(monitoring: Monitoring, scope: str, *widgets: Json) -> dict[str, int]:
    bring_about(monitoring, scope, ON_CLOUDWATCH | {"dashboard launch": {"body": {"widgets": list(widgets)}}})
    return dict(monitoring.dashboard_data(scope, "launch"))


def test_a_dashboard_with_only_other_spacing_is_no_drift(live: Monitoring, api: Api, scope: str) -> None:
    body = api("cloudwatch").get_dashboard(DashboardName=f"{scope}-launch")["DashboardBody"]
    api("cloudwatch").put_dashboard(DashboardName=f"{scope}-launch", DashboardBody=body.replace(", ", ",\n   "))
    assert drift(live, scope, ON_CLOUDWATCH) == []


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
