"""A run that was killed before it changed anything: the record says that it never ended."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from provisioning_assets.core.evidence import Judgement, State
from provisioning_assets.core.plan import Plan
from provisioning_assets.errors import Refused
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.carry_out import carry_out
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.standings import stand
from tests.support.runs import ENDED, RUNS_ITEM, asset_run

STOPPING = """
import sys
import time
from pathlib import Path
from provisioning_assets.runs.carry_out import carry_out
from tests.support.runs import RUNS_ITEM, asset_run

class Stopping:
    def plan(self):
        print("planning", flush=True)
        time.sleep(60)

with asset_run(Path(sys.argv[1]), RUNS_ITEM, run="killed", target=lambda _run: Stopping()) as run:
    carry_out(run)
"""


class Nothing:
    """A target that is as it should be."""

    def plan(self) -> Plan:
        return Plan()


class Forbidden:
    """A target whose run is refused."""

    def plan(self) -> Plan:
        raise Refused("frozen", ["frozen since Friday"])


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A record in which a run succeeded, and the next one was killed while it planned."""
    succeed(tmp_path, "r0")
    assert seen(tmp_path).state is State.GREEN
    with subprocess.Popen([sys.executable, "-c", STOPPING, str(tmp_path)], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "planning\n"
        assert seen(tmp_path).state is State.GREEN, "it goes on: what was seen before stands"
        run.send_signal(signal.SIGKILL)
    return tmp_path


def succeed(folder: Path, name: str) -> None:
    """A run that finds nothing to do, and waits for the lock of a killed one to fall silent."""
    with asset_run(folder, RUNS_ITEM, run=name, target=lambda _run: Nothing()) as run:
        carry_out(run)


def seen(folder: Path) -> Judgement:
    """How the last run ended, as a report sees it that holds no lock."""
    with asset_run(folder, RUNS_ITEM, run="report", holds=False) as run:
        return stand(run.session, run.task, ENDED).judgement


@pytest.mark.faults
def test_a_run_that_was_killed_before_it_changed_anything_is_red(killed: Path) -> None:
    judgement = seen(killed)
    assert (judgement.state, judgement.unknown) == (State.RED, True)
    assert "killed" in judgement.reason


@pytest.mark.faults
def test_a_refusal_after_a_killed_run_makes_up_for_nothing(killed: Path) -> None:
    with asset_run(killed, RUNS_ITEM, run="r2", target=lambda _run: Forbidden()) as run:
        with pytest.raises(Refused):
            carry_out(run)
        assert stand(run.session, run.task, ENDED).judgement.state is State.RED
    assert "killed" in seen(killed).reason


@pytest.mark.faults
def test_a_run_that_succeeds_makes_up_for_a_killed_one(killed: Path) -> None:
    succeed(killed, "r2")
    assert seen(killed).state is State.GREEN


def test_a_refusal_leaves_the_end_of_the_run_before_it(tmp_path: Path) -> None:
    succeed(tmp_path, "r0")
    with asset_run(tmp_path, RUNS_ITEM, run="r1", target=lambda _run: Forbidden()) as run, pytest.raises(Refused):
        carry_out(run)
    assert seen(tmp_path).state is State.GREEN


def test_a_run_with_nothing_to_do_takes_one_page_before_its_checks(tmp_path: Path) -> None:
    with asset_run(tmp_path, RUNS_ITEM, run="r0", target=lambda _run: Nothing()) as run:
        carry_out(run)
        assert len(run.session.ledger.pages) == 1
        assert _other(run).ledger.unended(run.task.name, ENDED.name) is not None
    assert seen(tmp_path).state is State.GREEN


def _other(run: AssetRun) -> Session:
    return Session(run.session.graph, run.environment, run.access, "another")
