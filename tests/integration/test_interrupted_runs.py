"""Interrupted in the middle, a command says so, gives its lock back, and leaves a record of how far it came."""

import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from provisioning_assets.record.entries import RunStarted
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.opening import open_session
from tests.support.command_line import CommandLine, fresh_shell
from tests.support.proving import prove

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """A shell starts what it puts into the background with SIGINT ignored, and every child inherits that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def until_held(graph: Graph, command: subprocess.Popen[str]) -> None:
    """Wait until the command holds the lock of staging."""
    lock = open_session(graph, "staging", run="r").lock
    while lock.holder() is None:
        assert command.poll() is None, command.communicate()[0]
        time.sleep(0.1)


def begun(graph: Graph) -> list[RunStarted]:
    """What the record has of runs that began."""
    pages = open_session(graph, "staging", run="r").ledger.pages
    return [entry for page in pages for entry in page.entries if isinstance(entry, RunStarted)]


@pytest.mark.parametrize("words", [("plan",), ("apply", "--only", "networking")], ids=lambda words: words[0])
@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
def test_a_command_that_is_interrupted_ends_in_order(
    graph: Graph, number: signal.Signals, words: tuple[str, ...]
) -> None:
    prove(graph, "staging", "networking")  # there is a record from here on
    provisioning = CommandLine(graph.engagement.repository, fresh_shell(DEMO_SHOP_PAYMENT_API_KEY="given"))
    command, *options = words
    with provisioning.start(command, "demo_shop", "staging", *options) as run:
        until_held(graph, run)
        while command == "apply" and not begun(graph):
            assert run.poll() is None
            time.sleep(0.1)
        run.send_signal(number)
        told, _ = run.communicate(timeout=180)
    assert run.returncode == CODES[number], told
    assert "interrupted" in told
    assert "remedy" in told
    assert "dagster" not in told.lower()
    session = open_session(graph, "staging", run="r")
    assert session.lock.holder() is None
    if command == "apply":
        assert begun(graph)
        assert {session.ledger.unended(each.asset, "last_run_succeeded") for each in begun(graph)} == {None}
