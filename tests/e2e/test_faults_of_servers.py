"""A server that is off, goes away, or hangs: named with its remedy, soon, and nothing is green that was not checked."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.core.settle import settle
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.runs.opening import open_session
from tests.e2e.conftest import Shop, kill, read_until
from tests.support.servers import freeze

pytestmark = pytest.mark.faults
ENDED = "last_run_succeeded"
SECRETS = ("apply", "demo_shop", "staging", "--only", "networking", "--only", "secrets")


class Relay:
    """Passes a server's connections on, until it is closed."""

    def __init__(self, address: str) -> None:
        self._target = address.removeprefix("http://")
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        host, port = self._target.split(":")
        with suppress(OSError):
            while True:
                ours, _ = self._listening.accept()
                theirs = socket.create_connection((host, int(port)))
                self._open += [ours, theirs]
                for source, sink in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while content := source.recv(1 << 16):
                sink.sendall(content)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Refuse what comes, and cut what is open."""
        for each in (self._listening, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextmanager
def relayed(shop: Shop) -> Iterator[tuple[str, Callable[[], None]]]:
    """An OpenBao that can be switched off: its address, and the switch. What it holds is kept."""
    relay = Relay(shop.variables["VAULT_ADDR"])
    try:
        yield relay.address, relay.close
    finally:
        relay.close()


@contextmanager
def hanging(shop: Shop) -> Iterator[tuple[str, Callable[[], None]]]:
    """An OpenBao that can be made to hang: it takes connections and never answers."""
    members = json.loads(shop.run("sandbox", "status", "--json").stdout)
    pid = next(member["pid"] for member in members if member["name"] == "openbao")
    address = shop.variables["VAULT_ADDR"]
    try:
        yield address, lambda: freeze(pid, address)
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("server", [relayed, hanging])
def test_a_secret_store_lost_in_mid_run_is_told_soon_and_nothing_is_green(
    taken_over: Shop, server: Callable[[Shop], Iterator[tuple[str, Callable[[], None]]]]
) -> None:
    with server(taken_over) as (address, lose):  # type: ignore[attr-defined]
        run = taken_over.start(*SECRETS, *taken_over.elsewhere("lost", VAULT_ADDR=address))
        read_until(run, lambda line: "staging/networking: nothing to change" in line)
        lose()
        began = time.monotonic()
        told, _ = run.communicate(timeout=120)
        seconds = time.monotonic() - began
    assert run.returncode == 1, told
    assert address in told
    assert "remedy: " in told
    assert seconds < 30
    assert last_run_of_secrets(taken_over) == "red"
    mended = taken_over.run(*SECRETS)
    assert mended.returncode == 0, mended.stdout[-2000:]
    assert last_run_of_secrets(taken_over) == "green"


@pytest.mark.timeout(600)
def test_a_run_killed_before_it_changes_anything_is_red_until_one_succeeds(taken_over: Shop) -> None:
    assert last_run_of_secrets(taken_over) == "green"
    graph = assemble(load_engagement(taken_over.folder / "engagements" / "demo_shop"))

    def began() -> bool:
        return open_session(graph, "staging", run="test").ledger.unended("secrets", ENDED) is not None

    with hanging(taken_over) as (_, lose):
        run = taken_over.start(*SECRETS)
        read_until(run, lambda line: "networking: Plan:" in line)  # nothing asks the store until the secrets begin
        lose()
        assert settle(began, done=bool, within=60, every=0.2)
        kill(run)
    assert last_run_of_secrets(taken_over) == "red"
    again = taken_over.run(*SECRETS)
    assert again.returncode == 0, again.stdout[-2000:]
    assert last_run_of_secrets(taken_over) == "green"


def last_run_of_secrets(shop: Shop) -> str:
    """How the last run ended that carried staging's secrets out."""
    rows = json.loads(shop.run("why", f"secrets/{ENDED}", "demo_shop", "--json").stdout)
    return next(str(row["state"]) for row in rows if row["environment"] == "staging")


@pytest.mark.timeout(600)
def test_an_item_that_nobody_can_look_at_is_red_and_no_answer(taken_over: Shop) -> None:
    away = taken_over.elsewhere("away", VAULT_ADDR="http://127.0.0.1:9")
    done = taken_over.run("check", "demo_shop", "staging", "secrets_are_populated", "--json", *away)
    assert done.returncode == 1, done.stdout
    (row,) = json.loads(done.stdout)
    assert (row["item"], row["state"], row["verdict"]) == ("secrets_are_populated", "red", "could_not_tell")
    assert "http://127.0.0.1:9" in row["summary"]
    again = taken_over.run("check", "demo_shop", "staging", "secrets_are_populated")
    assert again.returncode == 0, again.stdout


@pytest.mark.timeout(600)
def test_a_server_that_is_off_is_named_at_once(taken_over: Shop) -> None:
    away = taken_over.elsewhere("away", VAULT_ADDR="http://127.0.0.1:9")
    began = time.monotonic()
    done = taken_over.run("apply", "demo_shop", "staging", "--only", "secrets", *away)
    assert time.monotonic() - began < 30
    assert done.returncode == 1
    assert "http://127.0.0.1:9" in done.stderr
    assert "remedy: " in done.stderr


def test_no_secret_is_in_what_killed_and_failed_runs_left(taken_over: Shop) -> None:
    assert taken_over.leaks() == []
