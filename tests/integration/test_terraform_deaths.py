"""Deaths around Terraform: ours in the middle of its work, ours before it began, an interrupt, a lock that is lost."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from provisioning_assets.backends.infrastructure.registry import BACK_ENDS

from provisioning_assets.backends.infrastructure import Infrastructure
from provisioning_assets.backends.store.s3 import S3Store
from provisioning_assets.errors import LockHeld
from tests.support.servers import emulated_aws
from tests.support.terraform_stage import BUCKET, REGION, bring_up, stage


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with emulated_aws() as address:
        S3Store(BUCKET, REGION).prepare()
        yield address


@pytest.fixture
def engine() -> Infrastructure:
    return BACK_ENDS["terraform"]()


DYING = """
import sys
from pathlib import Path
from provisioning_assets.backends.infrastructure.registry import BACK_ENDS
from tests.support.terraform_stage import stage

def started(pid):
    print("started", pid, flush=True)

engine = BACK_ENDS["terraform"](on_start=started)
root = stage(Path(sys.argv[1]), command="sleep 3")
plan = engine.plan(root, print)
engine.apply(root, plan, lambda line: print(line, flush=True))
"""


def test_terraform_ends_its_work_when_we_are_killed(aws: str, engine: Infrastructure, tmp_path: Path) -> None:
    ours = subprocess.Popen([sys.executable, "-c", DYING, str(tmp_path)], stdout=subprocess.PIPE, text=True)
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

    assert engine.lineage(stage(tmp_path))
    assert engine.plan(stage(tmp_path), print).empty


def test_an_interrupt_ends_terraform_cleanly(aws: str, engine: Infrastructure, tmp_path: Path) -> None:
    root = stage(tmp_path, command="sleep 60")
    plan = engine.plan(root, print)

    def interrupted(line: str) -> None:
        if "Creating..." in line:
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        engine.apply(root, plan, interrupted)

    assert time.monotonic() - began < 30
    assert not engine.plan(stage(tmp_path), print).empty
    bring_up(engine, stage(tmp_path))
    assert engine.plan(stage(tmp_path), print).empty


BEFORE = """
import os, signal, sys
from pathlib import Path
from provisioning_assets.backends.infrastructure.registry import BACK_ENDS
from tests.support.terraform_stage import stage

def started(pid):
    print(pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

BACK_ENDS["terraform"](on_start=started).plan(stage(Path(sys.argv[1])), print)
"""


def test_what_nobody_wrote_down_was_not_started(aws: str, tmp_path: Path) -> None:
    """We die between the start of a process and the record of it: it ends without having become Terraform."""
    done = subprocess.run(
        [sys.executable, "-c", BEFORE, str(tmp_path)], stdout=subprocess.PIPE, text=True, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    child = int(done.stdout.split()[-1])
    _, alive = psutil.wait_procs([psutil.Process(child)] if psutil.pid_exists(child) else [], timeout=10)
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]
    assert not (tmp_path / "work" / "data" / "terraform.tfstate").exists()


def test_a_process_that_may_not_be_recorded_does_nothing(aws: str, tmp_path: Path) -> None:
    def refused(_pid: int) -> None:
        raise LockHeld("no longer ours", [])

    with pytest.raises(LockHeld):
        BACK_ENDS["terraform"](on_start=refused).plan(stage(tmp_path), print)
    assert not (tmp_path / "work" / "data" / "terraform.tfstate").exists()
