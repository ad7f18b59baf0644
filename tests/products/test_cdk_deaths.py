"""Deaths around CloudFormation: ours in the middle of its work, ours before it began; and who is at work."""

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.infrastructure import QUIET, Engine, StateLocked
from provisioning_assets.backends.infrastructure.cdk import change_sets
from provisioning_assets.backends.infrastructure.cdk.stack import _BROKEN, Stack, plain, remedy_of
from provisioning_assets.errors import ApplyFailed, ProviderFailed
from tests.support.back_ends import aws_access
from tests.support.cdk_stage import stage, status, there, waits_in_vain, write_app
from tests.support.ministack import empty_ministack
from tests.support.stages import bring_up
from tests.support.waiting import wait_until

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


@pytest.mark.parametrize(
    ("before", "after"), [(None, "ROLLBACK_COMPLETE"), ("large", "UPDATE_ROLLBACK_COMPLETE")], ids=["create", "update"]
)
def test_what_a_killed_run_began_ends_and_the_next_converges(
    ministack: str, engine: Engine, formation: Any, tmp_path: Path, before: str | None, after: str
) -> None:
    if before:
        bring_up(engine, stage(tmp_path, size=before))
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
    assert status(formation) == after

    bring_up(engine, stage(tmp_path, size="small"))
    assert engine.plan(stage(tmp_path, size="small"), QUIET).empty


def test_what_goes_on_after_our_deadline_was_not_taken_back(
    engine: Engine, formation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_up(engine, stage(tmp_path, size="small"))
    broken = stage(tmp_path, size="broken")
    plan = engine.plan(broken, QUIET)
    with monkeypatch.context() as patched:
        patched.setattr(change_sets, "WORK", 0.5)
        with pytest.raises(ApplyFailed) as late:
            engine.apply(broken, plan, QUIET)
    assert status(formation) == "UPDATE_IN_PROGRESS"
    wait_until(lambda: status(formation) == "UPDATE_ROLLBACK_COMPLETE")

    plan = engine.plan(broken, QUIET)
    with pytest.raises(ApplyFailed) as failed:
        engine.apply(broken, plan, QUIET)

    assert late.value.remedy == remedy_of("UPDATE_IN_PROGRESS") != failed.value.remedy
    assert failed.value.remedy == remedy_of("UPDATE_ROLLBACK_COMPLETE")


@pytest.mark.parametrize("broken", sorted(_BROKEN))
def test_a_stack_that_cannot_go_on_has_a_remedy_of_its_own(broken: str) -> None:
    assert remedy_of(broken) == _BROKEN[broken]
    assert remedy_of("gone") not in {*_BROKEN.values(), remedy_of("ROLLBACK_COMPLETE")}


def test_a_failed_stack_in_which_something_is_left_is_not_deleted(
    engine: Engine, formation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ApplyFailed):
        bring_up(engine, stage(tmp_path, size="broken"))
    left = {"LogicalResourceId": "Kept", "PhysicalResourceId": "orders", "ResourceStatus": "CREATE_COMPLETE"}
    monkeypatch.setattr(Stack, "resources", lambda _: [left])

    with pytest.raises(ProviderFailed) as failure:
        engine.plan(stage(tmp_path, size="small"), QUIET)

    assert (failure.value.where, bool(failure.value.remedy)) == ("orders", True)
    assert status(formation) == "ROLLBACK_COMPLETE"
