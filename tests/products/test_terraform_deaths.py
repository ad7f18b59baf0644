"""Deaths around Terraform: ours in the middle of its work, ours before it began, an interrupt, a lock that is lost."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from provisioning_assets.backends.infrastructure import QUIET, Engine, Listener
from provisioning_assets.errors import LockHeld
from tests.support.stages import bring_up
from tests.support.terraform_stage import bucket_at, engine_at, stage


@pytest.fixture
def engine(moto: str) -> Engine:
    bucket_at(moto)
    return engine_at(moto)


DYING = """
import sys
from pathlib import Path
from provisioning_assets.backends.infrastructure import Listener
from tests.support.terraform_stage import engine_at, stage

listener = Listener(lambda line: print(line, flush=True), lambda pid: print("started", pid, flush=True))
engine, root = engine_at(sys.argv[2]), stage(Path(sys.argv[1]), command="sleep 3")
engine.apply(root, engine.plan(root, listener), listener)
"""


def test_terraform_ends_its_work_when_we_are_killed(moto: str, engine: Engine, tmp_path: Path) -> None:
    ours = subprocess.Popen([sys.executable, "-c", DYING, str(tmp_path), moto], stdout=subprocess.PIPE, text=True)
    assert ours.stdout
    started = 0
    for line in ours.stdout:
        if line.startswith("started"):
            started = int(line.split()[1])
        if "Creating..." in line:
            break
    terraform = psutil.Process(started)
    ours.send_signal(signal.SIGKILL)
    ours.wait(10)
    ours.stdout.close()
    assert terraform.is_running()
    terraform.wait(60)

    assert engine.state_id(stage(tmp_path))
    assert engine.plan(stage(tmp_path), QUIET).empty


def test_an_interrupt_ends_terraform_cleanly(engine: Engine, tmp_path: Path) -> None:
    root = stage(tmp_path, command="sleep 60")
    plan = engine.plan(root, QUIET)

    def interrupted(line: str) -> None:
        if "Creating..." in line:
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        engine.apply(root, plan, Listener(interrupted))

    assert time.monotonic() - began < 30
    assert not engine.plan(stage(tmp_path), QUIET).empty
    bring_up(engine, stage(tmp_path))
    assert engine.plan(stage(tmp_path), QUIET).empty


BEFORE = """
import os, signal, sys
from pathlib import Path
from provisioning_assets.backends.infrastructure import Listener
from tests.support.terraform_stage import engine_at, stage

def started(pid):
    print(pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

engine_at(sys.argv[2]).plan(stage(Path(sys.argv[1])), Listener(print, started))
"""


def test_what_nobody_wrote_down_was_not_started(moto: str, engine: Engine, tmp_path: Path) -> None:
    """We die between the start of a process and the record of it: it ends without having become Terraform."""
    command = [sys.executable, "-c", BEFORE, str(tmp_path), moto]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    child = int(done.stdout.split()[-1])
    _, alive = psutil.wait_procs([psutil.Process(child)] if psutil.pid_exists(child) else [], timeout=10)
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]
    assert not (tmp_path / "work" / "data" / "terraform.tfstate").exists()


def test_a_process_that_may_not_be_recorded_does_nothing(engine: Engine, tmp_path: Path) -> None:
    def refused(_pid: int) -> None:
        raise LockHeld("no longer ours", [])

    with pytest.raises(LockHeld):
        engine.plan(stage(tmp_path), Listener(print, refused))
    assert not (tmp_path / "work" / "data" / "terraform.tfstate").exists()
