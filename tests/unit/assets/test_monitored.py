"""What an environment's monitoring is to be, from its section."""

import pytest

from provisioning_assets.assets.monitored import dashboard_bodies, desired_monitoring
from provisioning_assets.core.plan import Attributes
from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.sections import Monitoring
from provisioning_assets.errors import ConfigurationError

SECTION = {
    "namespace": "demo_shop/staging",
    "log_groups": ["application"],
    "log_retention_days": 14,
    "probes": [{"name": "shop", "url": "https://www.staging.demo-shop.example/healthz"}],
    "dashboards": [{"name": "launch", "file": "dashboards/launch.json"}],
    "alarms": [{"name": "shop-down", "probe": "shop", "period": 10, "periods": 2}],
}
FILES = {"dashboards/launch.json": '{"widgets": [{"properties": {"title": "${client}", "metrics": [["${ns}", 1]]}}]}'}


def environment(**changes: object) -> Environment:
    monitoring = Monitoring.model_validate(SECTION | changes)
    return Environment.model_construct(name="staging", monitoring=monitoring)


def read_file(name: str) -> str:
    if name not in FILES:
        raise FileNotFoundError(2, "No such file or directory", name)
    return FILES[name]


def fill(text: str) -> str:
    return text.replace("${client}", 'The "Demo" Shop').replace("${ns}", "demo_shop/staging")


def desired(where: Environment) -> dict[str, Attributes]:
    return desired_monitoring(where, dashboard_bodies(where.monitoring, read_file, fill))


def test_everything_of_the_section_is_desired_with_both_routes() -> None:
    found = desired(environment())
    assert sorted(found) == [
        "alarm shop-down-pager",
        "alarm shop-down-quiet",
        "dashboard launch",
        "log_group application",
        "probe shop",
        "tap pager",
        "tap quiet",
        "topic pager",
        "topic quiet",
    ]
    assert found["log_group application"] == {"retention_days": 14}
    assert found["alarm shop-down-pager"]["periods"] == 2


def test_only_the_quiet_alarm_pages() -> None:
    found = desired(environment())
    pager, quiet = found["alarm shop-down-pager"], found["alarm shop-down-quiet"]
    assert (pager["paging"], pager["actions"]) == (False, ["pager"])
    assert (quiet["paging"], quiet["actions"]) == (True, ["quiet"])
    same = {"probe", "namespace", "period", "periods", "rule"}
    assert {name: pager[name] for name in same} == {name: quiet[name] for name in same}


def test_a_value_with_quotes_does_not_break_a_dashboard() -> None:
    widget = desired(environment())["dashboard launch"]["body"]["widgets"][0]
    assert widget["properties"] == {"title": 'The "Demo" Shop', "metrics": [["demo_shop/staging", 1]]}


def test_all_broken_dashboards_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILES, "dashboards/broken.json", '{\n  "widgets": [,]\n}')
    dashboards = [{"name": "a", "file": "dashboards/broken.json"}, {"name": "b", "file": "dashboards/gone.json"}]
    with pytest.raises(ConfigurationError) as failed:
        desired(environment(dashboards=dashboards))
    assert "dashboards/broken.json:2:15" in str(failed.value)
    assert "dashboards/gone.json: the dashboard cannot be read: No such file or directory" in str(failed.value)
