"""A run that waits for somebody outside: not ready, and no failure."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from provisioning_assets.core.evidence import Finding, State, Verdict
from provisioning_assets.core.items import Item
from provisioning_assets.core.plan import OTHERWISE, Plan, diff
from provisioning_assets.errors import Waiting
from provisioning_assets.runs.asset_run import AssetRun, now
from provisioning_assets.runs.carry_out import carry_out
from provisioning_assets.runs.declared import equals_declared
from provisioning_assets.runs.standings import stand
from provisioning_assets.runs.task import readiness_item
from tests.support.runs import ENDED, RUNS_ITEM, asset_run

WORDS = "waiting for somebody to sign"


class Asked:
    """A target that somebody outside has to say yes to."""

    def __init__(self, _run: AssetRun) -> None:
        self.found: dict[str, dict[str, object]] = {}

    def plan(self) -> Plan:
        return diff({"certificate shop": {"names": ["shop.example"], OTHERWISE: []}}, self.found)

    def apply(self, _plan: Plan) -> None:
        self.found = {"certificate shop": {"names": [], OTHERWISE: [WORDS]}}
        raise Waiting(WORDS, remedy="have it signed, then apply again")


@readiness_item(review_item=3)
def is_issued(run: AssetRun) -> Finding:
    """It is there."""
    return equals_declared(run, Asked(run))


def test_a_run_that_waits_leaves_red_evidence_of_what_it_waits_for(tmp_path: Path) -> None:
    with asset_run(tmp_path, is_issued, RUNS_ITEM, target=Asked) as run:
        run.engagement.__dict__["launch"] = SimpleNamespace(freeze=now() + timedelta(days=9))
        with pytest.raises(Waiting) as waiting:
            carry_out(run)

        def judged(item: Item) -> tuple[State, Verdict | None, bool]:
            found = stand(run.session, run.task, item).judgement
            return found.state, found.verdict, WORDS in found.reason

        assert waiting.value.exit_code == 2
        assert judged(is_issued.item) == (State.RED, Verdict.RED, True)
        assert judged(ENDED) == (State.RED, Verdict.RED, True)
        assert waiting.value.remedy in stand(run.session, run.task, ENDED).judgement.reason
        assert not run.session.ledger.epoch(run.task.name).unfinished
