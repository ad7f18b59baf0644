"""One asset during one run: what it saw itself, and what it leaves in the record for the next."""

from dataclasses import replace
from pathlib import Path

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.core.plan import Plan, diff
from provisioning_assets.record.entries import ApplyFinished, ApplyStarted, DrillFinished, DrillStarted
from provisioning_assets.record.ledger import Epoch
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.session import Session
from tests.support.runs import asset_run

DIFFERS = diff({"www A": {"ttl": 60}}, {})


def kinds(run: AssetRun) -> list[type]:
    return [type(entry) for page in run.session.ledger.pages for entry in page.entries]


def test_what_another_run_saw_is_not_this_runs_answer(tmp_path: Path) -> None:
    with asset_run(tmp_path) as run:
        assert run.last_plan() is None
        run.observed(DIFFERS)
        assert run.last_plan() == DIFFERS
        other = Session(run.session.graph, run.environment, run.access, "r2")
        assert AssetRun(other, run.task).last_plan() is None


def test_an_apply_begins_an_epoch_and_ends_it_once(tmp_path: Path) -> None:
    with asset_run(tmp_path) as run:
        run.apply_finished()
        assert kinds(run) == []
        run.apply_started(DIFFERS)
        assert run.session.ledger.epoch("dns_records") == Epoch(1, "an apply")
        run.apply_finished()
        run.apply_finished()
        assert run.session.ledger.epoch("dns_records") == Epoch(1, "")
        assert kinds(run) == [ApplyStarted, ApplyFinished]
        assert run.about().epoch == 1


def test_an_apply_that_finds_nothing_closes_the_open_one(tmp_path: Path) -> None:
    with asset_run(tmp_path) as run:
        run.apply_started(Plan())
    with asset_run(tmp_path) as later:
        assert later.session.ledger.epoch("dns_records").unfinished
        later.apply_finished()
        assert later.session.ledger.epoch("dns_records") == Epoch(1, "")


def test_a_drill_is_announced_before_it_and_closed_after_it(tmp_path: Path) -> None:
    with asset_run(tmp_path) as run:
        with run.drill("paging is on"):
            assert kinds(run) == [DrillStarted]
            assert run.session.ledger.epoch("dns_records").unfinished == "paging is on"
        assert kinds(run) == [DrillStarted, DrillFinished]


def test_a_drill_that_breaks_stays_open(tmp_path: Path) -> None:
    with asset_run(tmp_path) as run:
        with pytest.raises(LookupError), run.drill("paging is on"):
            raise LookupError
        assert run.session.ledger.epoch("dns_records").unfinished


def test_evidence_is_about_where_it_is_looked_at_from(tmp_path: Path) -> None:
    def view(access: Access) -> dict[str, str]:
        return {"resolvers": access.get("PROVISIONING_RESOLVERS")}

    seen = set()
    for resolvers in ("192.0.2.1", "192.0.2.2"):
        with asset_run(tmp_path, views=(view,), variables={"PROVISIONING_RESOLVERS": resolvers}) as run:
            about = run.about()
            assert replace(about, identity=None) == run.about_unknown()
            seen.add(about.identity)
    assert len(seen) == 2


def test_an_emptied_store_is_another_identity(tmp_path: Path) -> None:
    seen = []
    for emptied in (False, False, True):
        if emptied:
            (mark,) = tmp_path.rglob("identity.json")
            mark.unlink()
        with asset_run(tmp_path) as run:
            seen.append(run.about().identity)
    first, again, other = seen
    assert first == again
    assert first != other
