"""Interrupted while it still loads, a command says so in one line: nobody is shown where it was in its code."""

import signal
import subprocess
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning_assets.cli import __main__
from tests.support.command_line import CommandLine, fresh_shell
from tests.support.repositories import copy_repository
from tests.support.repository import REPOSITORY

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """A shell starts what it puts into the background with SIGINT ignored, and every child inherits that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def provisioning(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    folder = tmp_path_factory.mktemp("repository")
    copy_repository(folder)
    return CommandLine(folder, fresh_shell())


def until_it_is_ours(command: subprocess.Popen[str]) -> None:
    """Wait until SIGTERM is caught: Python catches SIGINT before it reads a line of our code, and SIGTERM never."""
    while True:
        assert command.poll() is None, command.communicate()
        status = Path(f"/proc/{command.pid}/status").read_text()
        caught = int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), 16)
        if caught >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.002)


@pytest.mark.parametrize(("command", "after"), [
    *(("status", after) for after in (0, 0.05, 0.1, 0.2)),
    *(("apply demo_shop", after) for after in (0.3, 0.5, 0.8)),  # to load Dagster takes longer than that
])  # fmt: skip
@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
def test_whoever_interrupts_at_once_is_told_so(
    provisioning: CommandLine, number: signal.Signals, command: str, after: float
) -> None:
    with provisioning.start(*command.split()) as run:
        until_it_is_ours(run)
        time.sleep(after)
        run.send_signal(number)
        told, _ = run.communicate(timeout=60)
    assert run.returncode == CODES[number], told
    assert "Traceback" not in told
    assert "KeyboardInterrupt" not in told
    assert [line for line in told.splitlines() if line.startswith("error: ")]


def test_what_a_shell_puts_into_the_background_goes_on(provisioning: CommandLine) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with provisioning.start("validate", "demo_shop") as run:
        until_it_is_ours(run)
        run.send_signal(signal.SIGINT)
        told, _ = run.communicate(timeout=60)
    assert run.returncode == 0, told


def test_the_installed_command_is_the_same() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"provisioning": f"{__main__.__name__}:{__main__.main.__name__}"}
