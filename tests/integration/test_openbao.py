"""OpenBao when something is wrong: each cause has its own words, in time, and none of them is an answer."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import hvac
import pytest

from provisioning_assets.backends.secrets.openbao.store import OpenBao
from provisioning_assets.core.plan import Attributes, diff
from provisioning_assets.errors import ApplyFailed, ProviderFailed, Unreachable
from tests.support.servers import SecretServer, free_port, freeze, openbao_server

OWNED = {"owner": "Dana Novak"}
IN_TIME = 5


@pytest.fixture(scope="module")
def shared() -> Iterator[SecretServer]:
    with openbao_server() as server:
        yield server


@pytest.fixture
def server(shared: SecretServer, monkeypatch: pytest.MonkeyPatch) -> SecretServer:
    monkeypatch.setenv("VAULT_TOKEN", shared.token)
    return shared


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretServer]:
    with openbao_server() as server:
        monkeypatch.setenv("VAULT_TOKEN", server.token)
        yield server


def admin(server: SecretServer) -> Any:
    return hvac.Client(url=server.address, token=server.token)


def with_pipeline(server: SecretServer) -> tuple[OpenBao, str, str]:
    """A store with a mount and a role that may read its secret `key`."""
    store, scope = OpenBao(server.address), f"shop_{uuid4().hex[:8]}-staging"
    mount, role = f"{scope}-runtime", f"{scope}-pipeline"
    store.write_structure(diff(structure(mount, role), {}).changes)
    store.create(mount, "key", {"value": "x"}, OWNED)
    return store, mount, role


def structure(mount: str, role: str) -> dict[str, Attributes]:
    return {
        f"mount {mount}": {"type": "kv", "version": "2", "description": "for a test"},
        f"policy {role}": {"rules": f'path "{mount}/data/key" {{ capabilities = ["read"] }}'},
        f"role {role}": {"policies": [role], "token_ttl": 60, "token_no_default_policy": True},
    }


def every_verb(store: OpenBao) -> list[Callable[[], object]]:
    return [
        store.cluster,
        lambda: store.read_structure("shop"),
        lambda: store.write_structure(diff({"policy shop": {"rules": "x"}}, {}).changes),
        lambda: store.stored("m"),
        lambda: store.create("m", "n", {"value": "x"}, OWNED),
        lambda: store.update("m", "n", {"value": "x"}, version=1),
        lambda: store.describe("m", "n", OWNED),
        lambda: store.read("m", "n"),
        lambda: store.can_read("r", [("m", "n")]),
    ]


def test_a_server_that_is_not_there_is_named_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "any")
    address = f"http://127.0.0.1:{free_port()}"
    for verb in every_verb(OpenBao(address)):
        started = time.monotonic()
        with pytest.raises(Unreachable, match=address) as failure:
            verb()
        assert time.monotonic() - started < IN_TIME
        assert failure.value.server == "OpenBao"
        assert "VAULT_ADDR" in failure.value.remedy


def test_a_server_that_hangs_is_given_up_in_time(own: SecretServer) -> None:
    store = OpenBao(own.address)
    assert store.cluster()
    try:
        freeze(own.pid, own.address)
        started = time.monotonic()
        with pytest.raises(Unreachable):
            store.cluster()
        assert time.monotonic() - started < IN_TIME
    finally:
        os.kill(own.pid, signal.SIGCONT)


def test_a_sealed_server_says_so_at_every_verb(own: SecretServer) -> None:
    store = OpenBao(own.address)
    admin(own).sys.seal()

    for verb in every_verb(store):
        with pytest.raises(ProviderFailed, match="sealed") as failure:
            verb()
        assert "unseal" in failure.value.remedy


def test_a_token_that_is_not_valid_or_may_too_little_is_refused(
    server: SecretServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    powerless = admin(server).auth.token.create(policies=["default"])["auth"]["client_token"]
    for token in ("s.canary-4711", powerless):
        monkeypatch.setenv("VAULT_TOKEN", token)
        for verb in every_verb(OpenBao(server.address))[1:]:
            with pytest.raises(ProviderFailed, match="token is not valid, or may not") as failure:
                verb()
            assert "VAULT_TOKEN" in failure.value.remedy
            assert token not in str(failure.value)


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_without_a_token_the_first_question_says_how_to_get_one(
    server: SecretServer, content: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("VAULT_TOKEN")
    monkeypatch.setenv("VAULT_TOKEN_FILE", str(tmp_path / "token"))
    if content is not None:
        (tmp_path / "token").write_text(content)

    with pytest.raises(ProviderFailed, match="no token") as failure:
        OpenBao(server.address).cluster()

    assert failure.value.where == str(tmp_path / "token")
    assert "VAULT_TOKEN_FILE" in failure.value.remedy


def test_the_token_is_found_where_the_product_keeps_it(
    server: SecretServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("VAULT_TOKEN")
    monkeypatch.setenv("VAULT_ADDR", server.address)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".vault-token").write_text(f"{server.token}\n")

    assert OpenBao().read_structure("nobody-") == {}


def test_without_an_address_the_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VAULT_ADDR", raising=False)
    monkeypatch.setenv("VAULT_TOKEN", "any")

    with pytest.raises(ProviderFailed, match="no address") as failure:
        OpenBao().cluster()

    assert "VAULT_ADDR" in failure.value.remedy


def test_what_is_no_openbao_is_no_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Page(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(tmp_path))

    monkeypatch.setenv("VAULT_TOKEN", "any")
    with HTTPServer(("127.0.0.1", 0), Page) as page:
        Thread(target=page.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{page.server_address[1]}"
        for given in (f"http://{address}", address):
            for verb in every_verb(OpenBao(given)):
                with pytest.raises(ProviderFailed):
                    verb()
        page.shutdown()


def test_a_role_is_not_said_to_be_refused_when_nobody_could_ask(own: SecretServer) -> None:
    store, mount, role = with_pipeline(own)
    assert store.can_read(role, [(mount, "key"), (mount, "other")]) == {f"{mount}/key": True, f"{mount}/other": False}

    admin(own).sys.seal()

    with pytest.raises(ProviderFailed, match="sealed"):
        store.can_read(role, [(mount, "other")])


def test_nothing_is_left_of_a_log_in(server: SecretServer) -> None:
    store, mount, role = with_pipeline(server)
    client = admin(server)
    before = set(client.list("auth/token/accessors")["data"]["keys"])

    store.can_read(role, [(mount, "key")])
    client.secrets.kv.v2.delete_metadata_and_all_versions(path="key", mount_point=mount)
    with pytest.raises(ProviderFailed, match="no such thing"):
        store.can_read(role, [(mount, "key")])

    assert set(client.list("auth/token/accessors")["data"]["keys"]) == before
    with pytest.raises(hvac.exceptions.InvalidPath):
        client.auth.approle.list_secret_id_accessors(role)


def test_names_in_folders_are_listed(server: SecretServer) -> None:
    store, mount, _ = with_pipeline(server)
    store.create(mount, "team/deep/token", {"value": "x"}, OWNED)

    assert sorted(store.stored(mount)) == ["key", "team/deep/token"]


def test_a_deleted_secret_is_not_there_and_is_not_written_over(server: SecretServer) -> None:
    store, mount, _ = with_pipeline(server)
    admin(server).secrets.kv.v2.delete_latest_version_of_secret(path="key", mount_point=mount)

    assert store.stored(mount) == {}
    with pytest.raises(ProviderFailed):
        store.read(mount, "key")
    with pytest.raises(ProviderFailed, match="was deleted") as failure:
        store.create(mount, "key", {"value": "y"}, OWNED)
    assert "undelete" in failure.value.remedy


def test_a_secret_that_was_described_and_never_written_is_written(server: SecretServer) -> None:
    store, mount, _ = with_pipeline(server)
    admin(server).secrets.kv.v2.update_metadata(path="half", mount_point=mount, custom_metadata={"owner": "nobody"})
    assert "half" not in store.stored(mount)

    assert store.create(mount, "half", {"value": "x"}, OWNED)

    assert dict(store.stored(mount)["half"].metadata) == OWNED


def test_a_mount_of_another_kind_is_seen_and_not_touched(server: SecretServer) -> None:
    store, name = OpenBao(server.address), f"shop_{uuid4().hex[:8]}-staging-runtime"
    admin(server).sys.enable_secrets_engine("kv", path=name, description="for a test", options={"version": "1"})
    plan = diff({f"mount {name}": structure(name, "r")[f"mount {name}"]}, store.read_structure(name))
    assert [str(change) for change in plan.changes] == [f"update mount {name} (version)"]

    with pytest.raises(ApplyFailed, match="another kind") as refused:
        store.write_structure(plan.changes)

    assert refused.value.remedy


def test_a_setting_that_was_changed_by_hand_is_seen(server: SecretServer) -> None:
    store, mount, role = with_pipeline(server)
    admin(server).sys.tune_mount_configuration(mount, description="mine now")
    admin(server).auth.approle.create_or_update_approle(role, token_no_default_policy=False)

    drift = diff(structure(mount, role), store.read_structure(mount.removesuffix("runtime"))).changes

    assert [str(change) for change in drift] == [
        f"update mount {mount} (description)",
        f"update role {role} (token_no_default_policy)",
    ]
    store.write_structure(drift)
    assert diff(structure(mount, role), store.read_structure(mount.removesuffix("runtime"))).empty


def test_another_server_is_another_cluster(server: SecretServer, own: SecretServer) -> None:
    assert OpenBao(server.address).cluster() != OpenBao(own.address).cluster()
