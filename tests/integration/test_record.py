"""What the record says when a run ended half way, was disturbed, or did what nobody watched."""

import json
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioning_assets.assets.monitoring import alerts_reach_their_route
from provisioning_assets.assets.stage import StageTarget
from provisioning_assets.backends.infrastructure import StateLocked
from provisioning_assets.core.evidence import Finding, State, Verdict
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Plan
from provisioning_assets.errors import LockHeld, ProvisioningError
from provisioning_assets.record.entries import ApplyStarted, LockReclaimed
from provisioning_assets.record.lock import Holder, Process, _content, _here
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.evaluate import evaluate, record
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.opening import force_unlock
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.standings import stand
from provisioning_assets.runs.task import readiness_item
from tests.fakes.infrastructure import MemoryInfrastructure
from tests.support.engagements import edited
from tests.support.proving import BEFORE_CONFIG, WHOLE, holding, named, prove, reasons, session


def state_of(opened: Session, asset: str, name: str) -> State:
    task = opened.graph.task(opened.environment.name, asset)
    return stand(opened, task, next(item for item in task.rules if item.name == name)).judgement.state


def test_a_drill_that_did_not_end_leaves_nothing_green(graph: Graph) -> None:
    prove(graph, "staging", *WHOLE)
    task = graph.task("staging", "monitoring")
    with holding(graph, "staging") as opened:
        run = AssetRun(opened, task)
        with pytest.raises(KeyboardInterrupt), run.drill("paging is on"):
            raise KeyboardInterrupt
    mine = [reason for reason in reasons(graph, "production", "monitoring") if reason.startswith("staging/monitoring")]
    assert named(mine) == [f"staging/monitoring: {item.name} is stale" for item in task.rules]
    assert all("paging is on" in reason for reason in mine)
    with holding(graph, "staging") as opened:
        AssetRun(opened, task).apply_finished()
    assert not [reason for reason in reasons(graph, "production", "monitoring") if reason.startswith("staging/")]


def test_a_run_that_nobody_watches_does_no_drill_and_says_nothing_for_it(graph: Graph) -> None:
    with holding(graph, "staging") as opened:
        run = AssetRun(opened, graph.task("staging", "monitoring"))
        before = len(opened.ledger.pages)
        left_alone = evaluate(run, alerts_reach_their_route)
        record(run, left_alone)
        assert left_alone.evidence is None
        assert len(opened.ledger.pages) == before
        assert state_of(opened, "monitoring", "alerts_reach_their_route") is State.NOT_RUN
        opened.drills = True
        looked = evaluate(run, alerts_reach_their_route)
    assert looked.evidence is not None
    assert not looked.evidence.finding.ready  # nothing is provisioned here


def test_a_statement_about_others_is_stale_once_one_of_them_is_not_green(graph: Graph) -> None:
    prove(graph, "staging", *BEFORE_CONFIG)
    assert state_of(session(graph, "staging"), "environment", "environment_is_provisioned_by_code") is State.GREEN
    prove(graph, "staging", "compute", ready=False)
    opened = session(graph, "staging")
    assert state_of(opened, "environment", "environment_is_provisioned_by_code") is State.STALE


def test_big_bang_leaves_out_the_gates_between_stages_and_no_other(shop: Path) -> None:
    graph = edited(shop, ("promotion: incremental", "promotion: big-bang"))
    assert reasons(graph, "staging", "compute") == []
    assert any("staging/compute: " in reason for reason in reasons(graph, "staging", "environment"))
    assert any("staging/environment: " in reason for reason in reasons(graph, "staging", "secrets"))


def given(opened: Session, engine: MemoryInfrastructure) -> StageTarget:
    """The networking stage, with this engine instead of the file's."""
    settings = opened.environment.stage("networking").engine
    opened._opened[Kind.INFRASTRUCTURE, settings.model_dump_json()] = engine
    return StageTarget(AssetRun(opened, opened.graph.task(opened.environment.name, "networking")))


def test_code_that_changed_during_the_run_is_not_booked_as_before(graph: Graph, shop: Path) -> None:
    with holding(graph, "staging") as opened:
        target = given(opened, MemoryInfrastructure())
        assert isinstance(target.plan(), Plan)
        (shop / "terraform" / "stages" / "networking" / ".main.tf.swp").write_text("an editor's own")
        target.plan()
        file = shop / "terraform" / "modules" / "network" / "main.tf"
        file.write_text(file.read_text() + "# changed\n")
        with pytest.raises(ProvisioningError) as error:
            target.plan()
    assert error.value.where == "terraform/modules/network/main.tf"


class Locked(MemoryInfrastructure):
    """A state whose lock was made by a host, at a time."""

    def __init__(self, host: str, created: datetime) -> None:
        super().__init__()
        self.lock: StateLocked | None = StateLocked("networking", "who", lock_id="1", host=host, created=created)

    def plan(self, stage, listener):
        if self.lock:
            raise self.lock
        return super().plan(stage, listener)

    def unlock(self, stage, lock_id):
        assert self.lock
        assert lock_id == self.lock.lock_id
        self.lock = None


@pytest.mark.parametrize(("host", "age", "forced", "released"), [
    ("builder", 5, False, True), ("builder", 20, False, False), ("builder", -5, False, False),
    ("elsewhere", 5, False, False), ("builder", 5, True, False),
])  # fmt: skip
def test_a_state_lock_is_released_only_if_a_dead_run_made_it(
    graph: Graph, host: str, age: int, *, forced: bool, released: bool
) -> None:
    now = datetime.now(UTC)
    with holding(graph, "staging") as opened:
        opened.ledger.append(LockReclaimed("run r0", "builder", now - timedelta(minutes=10), forced=forced))
        target = given(opened, Locked(host, now - timedelta(minutes=age)))
        if released:
            assert isinstance(target.plan(), Plan)
        else:
            with pytest.raises(StateLocked) as error:
                target.plan()
            assert "1" in error.value.remedy.split(), "how to release it is not told"


def test_who_lost_the_lock_closes_nobody_elses_apply(graph: Graph) -> None:
    with holding(graph, "staging") as first:
        run = AssetRun(first, graph.task("staging", "networking"))
        first.lock.break_it()
        with holding(graph, "staging") as second:
            second.ledger.append(ApplyStarted("networking", 1, "sha256:p", "1 to create"))
            first.ledger.refresh()
            with pytest.raises(LockHeld):
                run.apply_finished()
        assert session(graph, "staging").ledger.epoch("networking").unfinished == "an apply"


def test_a_lock_is_broken_by_hand_only_when_nobody_here_works_under_it(graph: Graph) -> None:
    opened = session(graph, "staging")
    store, key = opened.backend(Kind.STORE), f"{opened.prefix}/lock.json"
    host, boot = _here()
    beat = datetime.now(UTC)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        holder = Holder("t", "r0", host, boot, Process(1 << 30, 1.0), beat, beat, (Process.of(child.pid),))
        store.create(key, _content(holder))
        with pytest.raises(ProvisioningError) as error:
            force_unlock(opened)
        assert str(child.pid) in error.value.where
        assert store.read(key) is not None, "the lock was broken"
        child.communicate(b"\n")
    found = store.read(key)
    assert found
    store.replace(key, _content(replace(holder, host="elsewhere/1/2")), version=found[1])
    assert force_unlock(opened)
    (entry,) = (e for page in opened.ledger.pages for e in page.entries if e.kind == "lock_reclaimed")
    assert (entry.host, entry.forced) == ("elsewhere", True)
    assert opened.lock.holder() is None


@readiness_item(review_item=1)
def names_its_secret(_run: AssetRun) -> Finding:
    """Raises what a vendor's library might."""
    raise ValueError("the password is hunter-4711")


def test_a_foreign_error_leaves_its_kind_and_place_and_not_its_words(graph: Graph) -> None:
    with holding(graph, "staging") as opened:
        evidence = evaluate(AssetRun(opened, graph.task("staging", "networking")), names_its_secret).evidence
    assert evidence is not None
    finding = evidence.finding
    assert finding.verdict is Verdict.COULD_NOT_TELL
    assert "ValueError in names_its_secret (line " in finding.summary
    assert "hunter" not in json.dumps([dict(finding.details), dict(finding.problems)]) + finding.summary


def test_the_host_is_the_one_that_terraform_names() -> None:
    assert _here()[0].partition("/")[0] == socket.gethostname()
