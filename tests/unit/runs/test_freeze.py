"""The freeze holds in the last environment, whatever it and the others are called."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.plan import Plan, diff
from provisioning_assets.errors import Refused
from provisioning_assets.runs.asset_run import AssetRun, now
from provisioning_assets.runs.carry_out import carry_out
from provisioning_assets.runs.declared import equals_declared
from provisioning_assets.runs.task import readiness_item
from tests.support.runs import asset_run, environment

QUEUE = {"queue": {"size": 1}}


class Cloud:
    """A target that makes a queue."""

    def __init__(self) -> None:
        self.live: Mapping[str, Mapping[str, int]] = {}

    def plan(self) -> Plan:
        """What is to be made."""
        return diff(QUEUE, self.live)

    def apply(self, _plan: Plan) -> None:
        """Make it."""
        self.live = QUEUE


@readiness_item(review_item=1)
def matches(run: AssetRun) -> Finding:
    """Live equals declared."""
    return equals_declared(run, Cloud())


def frozen(run: AssetRun, *names: str) -> None:
    """These environments, of which the run's own is one, after the freeze."""
    run.engagement.__dict__["launch"] = SimpleNamespace(freeze=now() - timedelta(days=1))
    others = {name: environment(name) for name in names}
    run.engagement.__dict__["environments"] = tuple((others | {run.environment.name: run.environment}).values())


@pytest.mark.parametrize("names", [("staging",), ("production", "staging"), ("live", "staging")])
def test_the_last_environment_takes_fixes_only(tmp_path: Path, names: tuple[str, ...]) -> None:
    cloud = Cloud()
    with asset_run(tmp_path, matches, target=lambda _run: cloud) as run:
        frozen(run, *names)
        with pytest.raises(Refused) as refused:
            carry_out(run)
    assert (len(refused.value.reasons), cloud.live) == (1, {})


@pytest.mark.parametrize("last", ["production", "live"])
def test_an_earlier_environment_is_not_frozen(tmp_path: Path, last: str) -> None:
    cloud = Cloud()
    with asset_run(tmp_path, matches, target=lambda _run: cloud) as run:
        frozen(run, "staging", last)
        carry_out(run)
    assert cloud.live == QUEUE
