"""What an environment's monitoring is to be, from its section."""

import pytest

from provisioning_assets.assets.monitored import dashboard_bodies, desired_monitoring
from provisioning_assets.core.plan import Attributes
from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.sections import Monitoring
from provisioning_assets.errors import ConfigurationError
from tests.support.monitored import ROUTED, routes, rule

SECTION = {
    "provider": "cloudwatch",
    "logs": ["application"],
    "log_retention_days": 14,
    "probes": [{"name": "shop", "url": "https://www.staging.demo-shop.example/healthz"}],
    "dashboards": [{"name": "launch", "file": "dashboards/launch.json"}],
    "alerts": [{"name": "shop-down", "probe": "shop", "period": 10, "periods": 2}],
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
        "dashboard launch",
        "probe shop",
        "route pager",
        "route quiet",
        "rule shop-down",
        "signal logs/application",
    ]
    assert found["signal logs/application"] == {"retention_days": 14}
    assert found["probe shop"] == {"url": "https://www.staging.demo-shop.example/healthz", "otherwise": []}
    assert {address: found[address] for address in ROUTED if address.startswith("route ")}.items() <= ROUTED.items()


def test_the_pager_of_each_rule_is_muted_and_the_quiet_route_is_not() -> None:
    assert desired(environment())["rule shop-down"] == rule(periods=2, routes=routes(pager=True, quiet=False))


def test_an_environment_without_logs_keeps_none() -> None:
    assert not [address for address in desired(environment(logs=[])) if address.startswith("signal ")]


def test_a_value_with_quotes_does_not_break_a_dashboard() -> None:
    widget = desired(environment())["dashboard launch"]["body"]["widgets"][0]
    assert widget["properties"] == {"title": 'The "Demo" Shop', "metrics": [["demo_shop/staging", 1]]}


def test_all_broken_dashboards_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILES, "dashboards/broken.json", '{\n  "widgets": [,]\n}')
    dashboards = [{"name": "a", "file": "dashboards/broken.json"}, {"name": "b", "file": "dashboards/gone.json"}]
    with pytest.raises(ConfigurationError) as failed:
        desired(environment(dashboards=dashboards))
    places = [(problem.file, problem.line, problem.column) for problem in failed.value.problems]
    assert places == [("dashboards/broken.json", 2, 15), ("dashboards/gone.json", 0, 0)]
