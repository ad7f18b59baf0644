"""OpenBao when something is wrong: each cause is told, in time, and none of them is an answer."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest

from provisioning_assets.backends.access import OF_PROCESS
from provisioning_assets.backends.secrets import Place, SecretStore
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import diff
from provisioning_assets.errors import ProviderFailed, ProvisioningError, Refused, Unreachable
from tests.support.back_ends import opened
from tests.support.http_servers import answering_always
from tests.support.secret_stores import DESIRED, OWNED, admin, bring_about, openbao, vault_access
from tests.support.servers import SecretServer, free_port, freeze, openbao_server

IN_TIME = 5


@pytest.fixture(scope="module")
def server() -> Iterator[SecretServer]:
    with openbao_server() as server:
        yield server


@pytest.fixture
def own() -> Iterator[SecretServer]:
    """One that a test may break."""
    with openbao_server() as server:
        yield server


def at(address: str, token: str = "any", **more: str) -> Any:  # noqa: S107 - none that opens anything
    return opened(Kind.SECRETS, "openbao", vault_access(address, token, **more))


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """A server that only hears: its address, and the requests that came."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def handle(self) -> None:
            heard.append(b"".join(iter(self.rfile.readline, b"\r\n")).decode(errors="replace"))

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", heard
        finally:
            server.shutdown()
            thread.join()


def every_verb(store: SecretStore) -> list[Callable[[], object]]:
    place = Place("shop-staging", "runtime")
    return [
        store.identity,
        store.reach,
        lambda: store.read_grants("shop-staging"),
        lambda: store.write_grants("shop-staging", diff({"place runtime": {"otherwise": []}}, {}).changes),
        lambda: store.write_grants("shop-staging", diff({"grant pipeline": DESIRED["grant pipeline"]}, {}).changes),
        lambda: store.stored(place),
        lambda: store.find(place, "n"),
        lambda: store.create(place, "n", {"value": "x"}, OWNED),
        lambda: store.update(place, "n", {"value": "x"}, version="1"),
        lambda: store.describe(place, "n", OWNED),
        lambda: store.read(place, "n"),
        lambda: store.can_read("shop-staging", "pipeline", [("runtime", "n")]),
    ]


@pytest.mark.parametrize(("product", "called"), [("openbao", "OpenBao"), ("vault", "Vault")])
def test_a_server_that_is_not_there_is_named_in_time(product: str, called: str) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    for verb in every_verb(opened(Kind.SECRETS, product, vault_access(address))):
        started = time.monotonic()
        with pytest.raises(Unreachable) as failure:
            verb()
        assert time.monotonic() - started < IN_TIME
        assert (failure.value.server, failure.value.address) == (called, address)
        assert "VAULT_ADDR" in failure.value.remedy


def test_a_server_that_hangs_is_given_up_in_time(own: SecretServer) -> None:
    store = openbao(own)
    store.reach()
    try:
        freeze(own.pid, own.address)
        for verb in (store.reach, store.identity, lambda: store.read(Place("shop-staging", "runtime"), "n")):
            started = time.monotonic()
            with pytest.raises(Unreachable):
                verb()
            assert time.monotonic() - started < IN_TIME
    finally:
        os.kill(own.pid, signal.SIGCONT)


@pytest.mark.parametrize(("product", "command"), [("openbao", "bao"), ("vault", "vault")])
def test_a_sealed_server_says_so_at_every_verb(own: SecretServer, product: str, command: str) -> None:
    store = openbao(own, product)
    admin(own).sys.seal()

    for verb in every_verb(store):
        with pytest.raises(ProviderFailed) as failure:
            verb()
        assert f"{command} operator unseal" in failure.value.remedy


def test_a_token_that_is_not_valid_or_may_too_little_is_refused(server: SecretServer) -> None:
    powerless = admin(server).auth.token.create(policies=["default"])["auth"]["client_token"]
    for token in ("s.canary-4711", powerless):
        for verb in every_verb(at(server.address, token))[2:]:
            with pytest.raises(ProviderFailed) as failure:
                verb()
            assert "403" in failure.value.cause
            assert "VAULT_TOKEN" in failure.value.remedy
            assert token not in str(failure.value)


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_without_a_token_a_sign_of_life_says_how_to_get_one(
    server: SecretServer, content: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)

    with pytest.raises(ProviderFailed) as failure:
        at(server.address, "", VAULT_TOKEN_FILE=str(file)).reach()

    assert failure.value.where == str(file)
    assert "VAULT_TOKEN_FILE" in failure.value.remedy


def test_a_token_is_found_where_the_product_keeps_it(
    server: SecretServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".vault-token").write_text(f"{server.token}\n")

    shell = replace(vault_access(server.address, ""), name=OF_PROCESS)
    assert opened(Kind.SECRETS, "openbao", shell).read_grants("nobody-staging") == {}


def test_a_profile_gets_no_token_from_the_home_folder(
    server: SecretServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".vault-token").write_text(f"{server.token}\n")

    with pytest.raises(ProviderFailed) as failure:
        at(server.address, "").read_grants("nobody-staging")

    assert "VAULT_TOKEN" in failure.value.remedy
    assert failure.value.where


def test_without_an_address_the_variable_is_named() -> None:
    with pytest.raises(ProviderFailed) as failure:
        at("").reach()

    assert "VAULT_ADDR" in failure.value.remedy


def test_an_address_that_is_not_the_profiles_gets_nothing() -> None:
    with listening() as (declared, heard_there), listening() as (own, heard_here):
        store = opened(Kind.SECRETS, "openbao", vault_access(own), address=declared)
        for verb in every_verb(store):
            with pytest.raises(Refused) as refused:
                verb()
            assert own in str(refused.value)
            assert declared in str(refused.value)
    assert heard_there == []
    assert heard_here == []


def test_an_address_that_is_the_profiles_is_used(server: SecretServer) -> None:
    access = vault_access(server.address, server.token)

    opened(Kind.SECRETS, "openbao", access, address=f"{server.address}/").reach()


def test_a_token_never_goes_out_in_the_clear() -> None:
    for verb in every_verb(at("http://vault.example:8200")):
        with pytest.raises(Refused):
            verb()


@pytest.mark.parametrize("page", ["<html>Welcome</html>", ""])
def test_what_is_no_openbao_is_no_answer(page: str) -> None:
    for status in (200, 404):
        with answering_always(status, page, content_type="text/html") as address:
            for given in (address, address.removeprefix("http://")):
                for verb in every_verb(at(given)):
                    with pytest.raises(ProvisioningError):
                        verb()


def test_a_token_is_not_sent_on_to_where_an_answer_points() -> None:
    with listening() as (elsewhere, heard), answering_always(307, "", location=f"{elsewhere}/v1/sys/health") as address:
        for verb in every_verb(at(address)):
            with pytest.raises(ProvisioningError):
                verb()
    assert heard == []


def test_a_trust_store_that_is_not_there_is_told(tmp_path: Path) -> None:
    store = at(f"https://127.0.0.1:{free_port()}", VAULT_CACERT=str(tmp_path / "missing.pem"))

    with pytest.raises(Unreachable) as failure:
        store.reach()

    assert "VAULT_CACERT" in failure.value.remedy


STRAY = """
import json, sys
from provisioning_assets.backends import catalogue
from provisioning_assets.backends.access import Access
from provisioning_assets.core.kinds import Kind

access = Access("the test's own", json.loads(sys.argv[1]))
store = catalogue.open_backend(Kind.SECRETS, catalogue.product(Kind.SECRETS, "openbao").settings(), access)
print(json.dumps([store.identity(), store.read_grants("nobody-staging")]))
"""


def test_a_variable_of_the_process_does_not_reach_it(server: SecretServer, tmp_path: Path) -> None:
    with listening() as (elsewhere, heard):
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login stray password stray\n")
        stray = {
            **dict.fromkeys(("VAULT_ADDR", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), elsewhere),
            **dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "VAULT_CACERT", "SSL_CERT_FILE"), "/nowhere"),
            **dict.fromkeys(("VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY"), "/nowhere"),
            "VAULT_TOKEN": "s.stray",
            "VAULT_NAMESPACE": "stray",
            "NETRC": str(tmp_path / ".netrc"),
        }
        # A process of its own: hvac reads some of them when it is imported.
        done = subprocess.run(
            [sys.executable, "-c", STRAY, json.dumps(dict(vault_access(server.address, server.token).variables))],
            env={**os.environ, **stray, "NO_PROXY": "", "no_proxy": ""},
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    assert json.loads(done.stdout) == [openbao(server).identity(), {}]
    assert heard == []


def test_a_token_of_the_process_is_not_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "s.stray")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".vault-token").write_text("s.stray")
    with listening() as (address, heard):
        for verb in every_verb(at(address, "s.own")):
            with pytest.raises(ProvisioningError):
                verb()
    assert heard
    assert "s.stray" not in "".join(heard)


def test_nobody_is_said_to_be_refused_when_nobody_could_ask(own: SecretServer) -> None:
    store, scope = openbao(own), f"shop_{uuid4().hex[:8]}-staging"
    bring_about(store, scope)
    store.create(Place(scope, "runtime"), "database-password", {"value": "x"}, OWNED)
    tried = store.can_read(scope, "pipeline", [("runtime", "database-password"), ("runtime", "other")])
    assert tried == {("runtime", "database-password"): True, ("runtime", "other"): False}

    admin(own).sys.seal()

    with pytest.raises(ProviderFailed):
        store.can_read(scope, "pipeline", [("runtime", "other")])


def test_another_server_is_another_cluster(server: SecretServer, own: SecretServer) -> None:
    assert openbao(server).identity() != openbao(own).identity()
