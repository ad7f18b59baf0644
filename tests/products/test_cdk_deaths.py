"""Deaths around CloudFormation: ours in the middle of its work, ours before it began; and who is at work."""

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.infrastructure import QUIET, Engine, StateLocked
from provisioning_assets.backends.infrastructure.cdk.stack import plain
from tests.support.back_ends import aws_access
from tests.support.cdk_stage import bring_up, stage, status, there, waits_in_vain, write_app
from tests.support.ministack import empty_ministack

pytestmark = pytest.mark.second


@pytest.fixture
def engine(ministack: str, cdk: Engine, tmp_path: Path) -> Engine:
    """CDK, with an app in the test's folder."""
    empty_ministack(ministack)
    write_app(tmp_path / "root")
    return cdk


@pytest.fixture
def formation(ministack: str) -> Any:
    return aws.of(aws_access(ministack)).client("cloudformation")


def test_a_run_of_ours_is_known_by_its_host(engine: Engine, ministack: str, tmp_path: Path) -> None:
    host = socket.gethostname()
    waits_in_vain(aws_access(ministack), f"provisioning-{plain(host)}-0f4c", seconds=2)

    with pytest.raises(StateLocked) as locked:
        engine.plan(stage(tmp_path, size="small"), QUIET)

    assert locked.value.host == host
    assert locked.value.created is not None


ENDING = """
import sys
from pathlib import Path
from provisioning_assets.backends.infrastructure import Listener
from tests.support.back_ends import aws_access
from tests.support.cdk_stage import cdk, stage

listener = Listener(lambda line: print(line, flush=True))
engine, root = cdk(aws_access(sys.argv[2])), stage(Path(sys.argv[1]), size=sys.argv[3])
plan = engine.plan(root, listener)
if sys.argv[4] == "apply":
    engine.apply(root, plan, listener)
"""


@pytest.mark.usefixtures("engine")
def test_a_process_that_only_planned_leaves_nothing(ministack: str, formation: Any, tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENDING, str(tmp_path), ministack, "small", "plan"]
    subprocess.run(command, check=True, timeout=120)

    assert not there(formation)


def test_what_a_killed_run_began_ends_and_the_next_converges(
    ministack: str, engine: Engine, formation: Any, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", ENDING, str(tmp_path), ministack, "broken", "apply"]
    ours = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert ours.stdout
    with ours.stdout as lines:
        next(line for line in lines if "Signal" in line)
    ours.kill()
    ours.wait(10)

    with pytest.raises(StateLocked) as locked:
        engine.plan(stage(tmp_path, size="small"), QUIET)
    assert locked.value.host == socket.gethostname()
    engine.unlock(stage(tmp_path, size="small"), locked.value.lock_id)
    assert status(formation) == "ROLLBACK_COMPLETE"

    bring_up(engine, stage(tmp_path, size="small"))
    assert engine.plan(stage(tmp_path, size="small"), QUIET).empty
