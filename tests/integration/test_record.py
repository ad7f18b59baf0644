"""What the record says when a run ended half way, was disturbed, or did what nobody watched."""

import json
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from provisioning_assets.runs.readiness import evaluate, readiness_item, stand
from provisioning_assets.runs.work import Work

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.assets.monitoring import alerts_reach_their_route
from provisioning_assets.assets.stage import StageTarget
from provisioning_assets.backends.infrastructure import StateLocked
from provisioning_assets.core.evidence import Finding, State
from provisioning_assets.core.plan import Plan
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.errors import LockHeld, ProvisioningError
from provisioning_assets.record.entries import ApplyStarted, TakenOver
from provisioning_assets.record.lock import Holder, Process, _content, _here
from provisioning_assets.runs.graph import Lineage
from provisioning_assets.runs.session import Session
from tests.fakes.infrastructure import MemoryInfrastructure
from tests.support.proving import BEFORE_CONFIG, holding, prove, reasons, session


def state_of(opened: Session, asset: str, name: str) -> State:
    node = opened.lineage.node(opened.environment.name, asset)
    return stand(opened, node, next(item for item in node.items if item.name == name)).judgement.state


def test_an_exercise_that_did_not_end_leaves_nothing_green(lineage: Lineage) -> None:
    prove(lineage, "staging", *BEFORE_CONFIG, "runtime_config", "monitoring")
    with holding(lineage, "staging") as opened:
        work = Work(opened, lineage.node("staging", "monitoring"))
        with pytest.raises(KeyboardInterrupt), work.exercise("paging is on"):
            raise KeyboardInterrupt
    told = reasons(lineage, "production", "monitoring")
    mine = [reason for reason in told if reason.startswith("staging/monitoring")]
    assert len(mine) == 4
    assert all("paging is on was started after epoch 0 and never finished" in reason for reason in mine)
    with holding(lineage, "staging") as opened:
        Work(opened, lineage.node("staging", "monitoring")).apply_finished()
    assert not [reason for reason in reasons(lineage, "production", "monitoring") if reason.startswith("staging/")]


def test_a_run_that_nobody_watches_does_no_exercise_and_says_nothing_for_it(lineage: Lineage) -> None:
    with holding(lineage, "staging") as opened:
        work = Work(opened, lineage.node("staging", "monitoring"))
        before = len(opened.ledger.pages)
        assert evaluate(work, alerts_reach_their_route) is None
        assert len(opened.ledger.pages) == before
        assert state_of(opened, "monitoring", "alerts_reach_their_route") is State.NOT_RUN
        opened.exercises = True
        evidence = evaluate(work, alerts_reach_their_route)
    assert evidence is not None
    assert not evidence.finding.ready  # nothing is provisioned here


def test_a_statement_about_others_is_stale_as_soon_as_one_of_them_is_not_green(lineage: Lineage) -> None:
    prove(lineage, "staging", *BEFORE_CONFIG)
    assert state_of(session(lineage, "staging"), "environment", "environment_is_provisioned_by_code") is State.GREEN
    prove(lineage, "staging", "compute", ready=False)
    opened = session(lineage, "staging")
    assert state_of(opened, "environment", "environment_is_provisioned_by_code") is State.STALE


def test_big_bang_leaves_out_the_gates_between_stages_and_no_other(shop: Path) -> None:
    file = shop / "engagements" / "demo_shop" / "engagement.yaml"
    file.write_text(file.read_text().replace("promotion: incremental", "promotion: big-bang"))
    lineage = assemble(load_engagement(file.parent))[0]
    assert reasons(lineage, "staging", "compute") == []
    assert any("staging/compute: " in reason for reason in reasons(lineage, "staging", "environment"))
    assert any("staging/environment: " in reason for reason in reasons(lineage, "staging", "secrets"))


def test_code_that_changed_during_the_run_is_not_booked_under_its_old_digest(lineage: Lineage, shop: Path) -> None:
    with holding(lineage, "staging") as opened:
        opened.__dict__["infrastructure"] = MemoryInfrastructure()
        target = StageTarget(Work(opened, lineage.node("staging", "networking")))
        assert isinstance(target.plan(), Plan)
        (shop / "terraform" / "stages" / "networking" / ".main.tf.swp").write_text("an editor's own")
        target.plan()
        file = shop / "terraform" / "modules" / "network" / "main.tf"
        file.write_text(file.read_text() + "# changed\n")
        with pytest.raises(ProvisioningError, match="its code was changed during this run") as error:
            target.plan()
    assert error.value.where == "terraform/modules/network/main.tf"


class Locked(MemoryInfrastructure):
    """A state whose lock was made by a host, at a time."""

    def __init__(self, host: str, created: datetime) -> None:
        super().__init__()
        self.lock: StateLocked | None = StateLocked("networking", "who", lock_id="1", host=host, created=created)

    def plan(self, stage, progress):
        if self.lock:
            raise self.lock
        return super().plan(stage, progress)

    def release_lock(self, stage, lock_id):
        assert self.lock
        assert lock_id == self.lock.lock_id
        self.lock = None


@pytest.mark.parametrize(("host", "age", "released"), [
    ("builder", 5, True), ("builder", 20, False), ("builder", -5, False), ("elsewhere", 5, False),
])  # fmt: skip
def test_a_state_lock_is_released_only_if_a_dead_run_made_it(
    lineage: Lineage, host: str, age: int, *, released: bool
) -> None:
    now = datetime.now(UTC)
    with holding(lineage, "staging") as opened:
        opened.ledger.append(TakenOver("run r0", "builder", now - timedelta(minutes=10)))
        opened.__dict__["infrastructure"] = Locked(host, now - timedelta(minutes=age))
        target = StageTarget(Work(opened, lineage.node("staging", "networking")))
        if released:
            assert isinstance(target.plan(), Plan)
        else:
            with pytest.raises(StateLocked, match="force-unlock 1"):
                target.plan()


def test_who_lost_the_lock_closes_nobody_elses_apply(lineage: Lineage) -> None:
    with holding(lineage, "staging") as first:
        work = Work(first, lineage.node("staging", "networking"))
        first.lock.break_it()
        with holding(lineage, "staging") as second:
            second.ledger.append(ApplyStarted("networking", 1, "sha256:p", "1 to create"))
            with pytest.raises(LockHeld, match="no longer ours"):
                work.apply_finished()
        assert session(lineage, "staging").ledger.epoch("networking").unfinished == "an apply"


def test_a_lock_is_broken_by_hand_only_when_nobody_here_works_under_it(lineage: Lineage) -> None:
    opened = session(lineage, "staging")
    host, boot = _here()
    beat = datetime.now(UTC)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        holder = Holder("t", "r0", host, boot, Process(1 << 30, 1.0), beat, beat, (Process.of(child.pid),))
        key = f"{opened.prefix}/lock.json"
        opened.store.create(key, _content(holder))
        with pytest.raises(ProvisioningError, match="nothing was broken") as error:
            opened.break_lock()
        assert str(child.pid) in error.value.where
        child.communicate(b"\n")
    found = opened.store.read(key)
    assert found
    opened.store.replace(key, _content(replace(holder, host="elsewhere/1/2")), version=found[1])
    assert opened.break_lock()
    (entry,) = (e for page in opened.ledger.pages for e in page.entries if e.kind == "taken_over")
    assert (entry.host, entry.by_hand) == ("elsewhere", True)
    assert opened.lock.holder() is None


@readiness_item(review_item=1)
def names_its_secret(_work: Work) -> Finding:
    """Raises what a vendor's library might."""
    raise ValueError("the password is hunter-4711")


def test_a_foreign_error_leaves_its_kind_and_place_and_not_its_words(lineage: Lineage) -> None:
    with holding(lineage, "staging") as opened:
        evidence = evaluate(Work(opened, lineage.node("staging", "networking")), names_its_secret)
    assert evidence is not None
    assert evidence.finding.unknown
    assert evidence.finding.summary.startswith("could not check: ValueError in names_its_secret (line ")
    assert "hunter" not in json.dumps(dict(evidence.finding.evidence)) + evidence.finding.summary


def test_the_host_is_the_one_that_terraform_names() -> None:
    assert _here()[0].partition("/")[0] == socket.gethostname()
