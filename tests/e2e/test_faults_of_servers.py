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

from tests.e2e.conftest import Shop, read_until
from tests.support.servers import freeze

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
    relay = Relay(shop.environment["VAULT_ADDR"])
    try:
        yield relay.address, relay.close
    finally:
        relay.close()


@contextmanager
def hanging(shop: Shop) -> Iterator[tuple[str, Callable[[], None]]]:
    """An OpenBao that can be made to hang: it takes connections and never answers."""
    members = json.loads(shop.run("sandbox", "status", "--json").stdout)
    pid = next(member["pid"] for member in members if member["name"] == "openbao")
    address = shop.environment["VAULT_ADDR"]
    try:
        yield address, lambda: freeze(pid, address)
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("server", [relayed, hanging])
def test_a_secret_store_lost_in_the_middle_of_a_run_is_told_soon_and_leaves_nothing_green(
    provisioned: Shop, server: Callable[[Shop], Iterator[tuple[str, Callable[[], None]]]]
) -> None:
    with server(provisioned) as (address, lose):  # type: ignore[attr-defined]
        run = provisioned.start(*SECRETS, VAULT_ADDR=address)
        read_until(run, lambda line: "staging/networking: nothing to change" in line)
        lose()
        began = time.monotonic()
        told, _ = run.communicate(timeout=120)
        seconds = time.monotonic() - began
    assert run.returncode == 1, told
    assert f"cannot reach OpenBao at {address}" in told
    assert "remedy: start it, or set VAULT_ADDR to where it listens" in told
    assert seconds < 30
    rows = json.loads(provisioned.run("why", "secrets_have_not_drifted", "demo_shop", "--json").stdout)
    assert next(row["state"] for row in rows if row["environment"] == "staging") == "red"
    mended = provisioned.run(*SECRETS)
    assert mended.returncode == 0, mended.stdout[-2000:]


def test_an_item_that_nobody_can_look_at_is_red_and_no_answer(provisioned: Shop) -> None:
    done = provisioned.run("recheck", "secrets_are_populated", "demo_shop", "staging", VAULT_ADDR="http://127.0.0.1:9")
    assert done.returncode == 1, done.stdout
    assert "secrets_are_populated is red" in done.stdout
    assert "could not tell: cannot reach OpenBao at http://127.0.0.1:9" in done.stdout
    again = provisioned.run("recheck", "secrets_are_populated", "demo_shop", "staging")
    assert again.returncode == 0, again.stdout


def test_what_is_mistyped_is_told_with_what_there_is(provisioned: Shop) -> None:
    asset = provisioned.run("apply", "demo_shop", "staging", "--only", "secret")
    assert (asset.returncode, "one of networking, " in asset.stderr) == (1, True), asset.stderr
    item = provisioned.run("recheck", "secrets_populated", "demo_shop", "staging")
    assert (item.returncode, "secrets_are_populated" in item.stderr) == (1, True), item.stderr


def test_a_server_that_is_off_is_named_at_once(provisioned: Shop) -> None:
    began = time.monotonic()
    done = provisioned.run("apply", "demo_shop", "staging", "--only", "secrets", VAULT_ADDR="http://127.0.0.1:9")
    assert time.monotonic() - began < 30
    assert done.returncode == 1
    assert "cannot reach OpenBao at http://127.0.0.1:9" in done.stdout
    assert "remedy: " in done.stdout
