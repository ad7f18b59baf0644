"""An environment stays in the region and the account that it was applied in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import diff
from provisioning_assets.errors import Refused
from provisioning_assets.record.entries import ApplyStarted
from provisioning_assets.runs import opening
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.task import Task
from tests.support.runs import asset_run, engagement, environment

MADE = diff({"www A": {"ttl": 60}}, {})


@dataclass(frozen=True)
class InAccount:
    """A back end that says which account it is in."""

    account: str

    def reach(self) -> None:
        """It is always there."""

    def identity(self) -> dict[str, Any]:
        """Its account."""
        return {"account": self.account}


def settled(folder: Path, account: str = "") -> Task:
    """An asset that was applied in eu-central-1, and in this account."""
    with asset_run(folder, backends=(Kind.DNS,)) as run:
        in_account(run.session, account)
        run.apply_started(MADE)
        run.apply_finished()
        return run.task


def in_account(session: Session, account: str) -> None:
    key = Kind.DNS, session.environment.settings(Kind.DNS).model_dump_json()
    session._opened[key] = InAccount(account)


def look(folder: Path, tasks: Sequence[Task], region: str, account: str = "", declared: str | None = None) -> None:
    """Begin a run with these tasks, in this region and account."""
    where = environment().model_copy(update={"region": region, "account": declared})
    graph = Graph(engagement(folder, where), tuple(tasks))
    session = Session(graph, where, Access("the test's own", {}, region, folder=folder), "r2")
    in_account(session, account)
    opening.reach_servers(session, tasks)


def test_the_record_says_where_an_apply_was_made(tmp_path: Path) -> None:
    with asset_run(tmp_path, backends=(Kind.DNS,)) as run:
        in_account(run.session, "111111111111")
        run.apply_started(MADE)
        (started,) = (entry for page in run.session.ledger.pages for entry in page.entries)
    assert isinstance(started, ApplyStarted)
    assert (started.region, started.account) == ("eu-central-1", "111111111111")


@pytest.mark.parametrize("checks_alone", [False, True])
def test_another_region_is_refused_before_anything_is_planned(tmp_path: Path, *, checks_alone: bool) -> None:
    task = settled(tmp_path)
    with pytest.raises(Refused) as refused:
        look(tmp_path, [] if checks_alone else [task], "us-west-2")
    (reason,) = refused.value.reasons
    assert "eu-central-1" in reason
    assert "us-west-2" in reason
    look(tmp_path, [task], "eu-central-1")


def test_another_account_is_refused(tmp_path: Path) -> None:
    task = settled(tmp_path, "111111111111")
    look(tmp_path, [task], "eu-central-1", "111111111111")
    with pytest.raises(Refused):
        look(tmp_path, [task], "eu-central-1", "222222222222")
    with pytest.raises(Refused):
        look(tmp_path, [], "eu-central-1", declared="222222222222")


def test_where_nothing_was_applied_may_still_be_chosen(tmp_path: Path) -> None:
    with asset_run(tmp_path) as run:
        task = run.task
    look(tmp_path, [task], "us-west-2")


def test_what_an_older_record_does_not_say_refuses_nothing(tmp_path: Path) -> None:
    with asset_run(tmp_path) as run:
        run.session.ledger.append(ApplyStarted("dns_records", 1, MADE.digest, str(MADE)))
        task = run.task
    look(tmp_path, [task], "us-west-2", "222222222222")


def test_what_knows_no_account_leaves_the_known_one_standing(tmp_path: Path) -> None:
    task = settled(tmp_path, "111111111111")
    with asset_run(tmp_path, run="r3") as run:
        AssetRun(run.session, replace(run.task, name="monitoring")).apply_started(MADE)
    with pytest.raises(Refused):
        look(tmp_path, [task], "eu-central-1", "222222222222")


def test_what_was_recorded_between_the_look_and_the_lock_is_seen(tmp_path: Path) -> None:
    with asset_run(tmp_path) as first:
        waiting = Session(first.session.graph, first.environment, first.access, "r2")
        opening.reach_servers(waiting, [])
        first.apply_started(MADE)
    opening.hold(waiting)
    opening.close(waiting)
    assert waiting.ledger.epoch("dns_records").number == 1
