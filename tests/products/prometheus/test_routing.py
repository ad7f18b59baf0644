"""Who gets an alert, judged as Alertmanager's own amtool judges it."""

import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from provisioning_assets.backends.monitoring.prometheus.routing import Routing
from provisioning_assets.core.plan import Json
from provisioning_assets.sandbox import debian

pytestmark = pytest.mark.second

ROUTES = [
    {"matchers": ['team="data"', 'severity=~"warn.*|info"'], "receiver": "a"},
    {"matchers": ["team=~data.?", "site!=here"], "receiver": "b", "continue": True},
    {"matchers": ['owner=""'], "receiver": "c", "routes": [{"matchers": ["severity!~page"], "continue": True}]},
    {"match": {"team": "shop"}, "match_re": {"severity": "p.*"}, "receiver": "d"},
    {
        "matchers": ["team=shop"],
        "receiver": "e",
        "routes": [{"matchers": ["site=here"], "receiver": "a", "continue": True}, {"receiver": "b"}],
    },
]
CONFIG: Json = {
    "route": {"receiver": "root", "routes": ROUTES},
    "receivers": [{"name": name} for name in ("root", "a", "b", "c", "d", "e")],
}
LABELS = [
    {},
    {"team": "data", "severity": "warning"},
    {"team": "data", "severity": "warn", "site": "here"},
    {"team": "data", "severity": "page", "owner": "kim"},
    {"team": "data2", "owner": "kim", "site": "there"},
    {"team": "shop", "owner": "kim"},
    {"team": "shop", "owner": "kim", "site": "here"},
    {"team": "shop", "owner": "kim", "severity": "page"},
    {"team": "shop", "severity": "page"},
    {"team": "x", "owner": "kim"},
]


@pytest.mark.parametrize("labels", LABELS, ids=str)
def test_alerts_go_where_amtool_says(tmp_path: Path, labels: dict[str, str]) -> None:
    YAML().dump(CONFIG, tmp_path / "alertmanager.yml")
    command = [str(debian.folder("prometheus") / "usr/bin/amtool"), "config", "routes", "test"]
    asked = [f"{name}={value}" for name, value in labels.items()]
    done = subprocess.run(
        [*command, f"--config.file={tmp_path}/alertmanager.yml", *asked], capture_output=True, text=True, check=True
    )
    assert Routing(CONFIG).receivers(labels) == done.stdout.strip().split(",")
