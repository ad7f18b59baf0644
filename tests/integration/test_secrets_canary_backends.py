"""A known value through every source and every verb of the secret stores: nobody but the caller ever sees it."""

import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from provisioning_assets.assets.grants import desired_grants
from provisioning_assets.backends.secrets import Place, SecretStore
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import diff
from provisioning_assets.engagement.sections import FromEnvironment, FromFile, Generate, Secret, Secrets
from provisioning_assets.errors import ProvisioningError, Unreachable
from provisioning_assets.runs.initial_values import initial_value
from tests.fakes.secrets import MemorySecrets
from tests.support.back_ends import opened
from tests.support.secret_stores import admin, vault_access
from tests.support.servers import SecretServer, openbao_server

CANARY = "canary-7f3a9c-do-not-show"
SCOPE = "shop-staging"
RUNTIME, ENGAGEMENT, NOWHERE = Place(SCOPE, "runtime"), Place(SCOPE, "engagement"), Place("nowhere", "runtime")
OWNED = {"owner": "Dana Novak"}


class Heard:
    """What was logged, printed and raised."""

    def __init__(self, log: pytest.LogCaptureFixture, printed: pytest.CaptureFixture[str]) -> None:
        self._log = log
        self._printed = printed
        self._raised: list[str] = []

    def refused(self, act: Callable[[], object]) -> ProvisioningError:
        """Do what must fail, and keep all that the error says, with those behind it; the error."""
        with pytest.raises(ProvisioningError) as failure:
            act()
        self._raised += traceback.format_exception(failure.value)
        error: BaseException | None = failure.value
        while error is not None:
            self._raised.append(f"{error!s} {error!r} {error.args!r} {vars(error)!r}")
            error = error.__cause__ or error.__context__
        return failure.value

    def everything(self) -> str:
        """All of it as one text."""
        printed = self._printed.readouterr()
        records = "\n".join(f"{record.getMessage()} {record.args!r}" for record in self._log.records)
        return "\n".join([records, self._log.text, printed.out, printed.err, *self._raised])


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Heard:
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "requests", "hvac", "http"):
        caplog.set_level(logging.DEBUG, logger=name)
    return Heard(caplog, capfd)


@pytest.fixture
def server() -> Iterator[SecretServer]:
    with openbao_server() as server:
        yield server


def openbao(address: str, token: str) -> SecretStore:
    store: SecretStore = opened(Kind.SECRETS, "openbao", vault_access(address, token))
    return store


def secret(source: Generate | FromEnvironment | FromFile, name: str = "session-key") -> Secret:
    return Secret(name=name, owner="Dana Novak", purpose="runtime", source=source, rotate_every=timedelta(days=30))


def prepare(store: SecretStore) -> None:
    section = Secrets(secrets=(secret(Generate(generate=32)),), pipeline_reads=("session-key",))
    store.write_grants(SCOPE, diff(desired_grants(section), {}).changes)


def use(store: SecretStore, value: str, heard: Heard) -> None:
    """Every verb with the value, well and badly."""
    canary = {"value": value}
    assert store.create(RUNTIME, "session-key", canary, OWNED)
    assert store.create(ENGAGEMENT, "session-key", canary, OWNED)
    assert not store.create(RUNTIME, "session-key", {"value": f"{value}-again"}, OWNED)
    assert store.update(RUNTIME, "session-key", {"value": f"{value}-rotated"}, version="1")
    assert not store.update(RUNTIME, "session-key", canary, version="1")
    assert store.read(RUNTIME, "session-key") == {"value": f"{value}-rotated"}

    could = store.can_read(SCOPE, "pipeline", [("runtime", "session-key"), ("engagement", "session-key")])
    assert list(could.values()) == [True, False]
    shown = [could, store.stored(RUNTIME), store.find(ENGAGEMENT, "session-key"), store.read_grants(SCOPE), store]
    assert value not in repr(shown)

    heard.refused(lambda: store.create(NOWHERE, "session-key", canary, OWNED))
    heard.refused(lambda: store.update(NOWHERE, "session-key", canary, version="1"))
    heard.refused(lambda: store.read(RUNTIME, "nothing"))
    heard.refused(lambda: store.can_read(SCOPE, "nobody", [("runtime", "session-key")]))
    heard.refused(lambda: store.write_grants(SCOPE, diff({}, store.read_grants(SCOPE)).changes))


@pytest.mark.parametrize("source", ["environment", "file"])
def test_a_value_is_seen_by_nobody_else(source: str, server: SecretServer, heard: Heard, tmp_path: Path) -> None:
    variables = {"DEMO_CANARY": CANARY}
    file = tmp_path / "canary"
    file.write_text(f"{CANARY}\n")
    file.chmod(0o600)
    given = FromEnvironment(environment="DEMO_CANARY") if source == "environment" else FromFile(file=str(file))
    assert CANARY not in repr(secret(given))
    for store in (MemorySecrets(), openbao(server.address, server.token)):
        prepare(store)
        use(store, initial_value(secret(given), variables), heard)

    file.chmod(0o644)
    heard.refused(lambda: initial_value(secret(FromFile(file=str(file))), variables))
    said = heard.everything()

    assert f"/v1/{SCOPE}-runtime/data/session-key" in said, "the log was not heard: the test proves nothing"
    assert CANARY not in said
    assert server.token not in said


def test_a_generated_value_is_seen_by_nobody_else(server: SecretServer, heard: Heard) -> None:
    value = initial_value(secret(Generate(generate=32)), {})
    store = openbao(server.address, server.token)
    prepare(store)

    use(store, value, heard)

    assert value not in heard.everything()


def test_a_value_is_not_shown_when_the_server_fails(server: SecretServer, heard: Heard) -> None:
    store = openbao(server.address, server.token)
    prepare(store)
    store.create(RUNTIME, "session-key", {"value": CANARY}, OWNED)
    writes: list[Callable[[], object]] = [
        lambda: store.create(RUNTIME, "another", {"value": CANARY}, OWNED),
        lambda: store.update(RUNTIME, "session-key", {"value": CANARY}, version="1"),
        lambda: store.read(RUNTIME, "session-key"),
        lambda: store.can_read(SCOPE, "pipeline", [("runtime", "session-key")]),
    ]
    client = admin(server)

    token = client.auth.token.create(policies=["default"])["auth"]["client_token"]
    powerless = openbao(server.address, token)
    heard.refused(lambda: powerless.create(RUNTIME, "another", {"value": CANARY}, OWNED))
    heard.refused(lambda: powerless.update(RUNTIME, "session-key", {"value": CANARY}, version="1"))
    client.sys.seal()
    for write in writes:
        assert heard.refused(write).where == server.address
    gone = openbao("http://127.0.0.1:9", server.token)
    assert isinstance(heard.refused(lambda: gone.create(RUNTIME, "another", {"value": CANARY}, OWNED)), Unreachable)
    assert isinstance(
        heard.refused(lambda: gone.update(RUNTIME, "session-key", {"value": CANARY}, version="1")), Unreachable
    )
    said = heard.everything()

    assert CANARY not in said
    assert server.token not in said
    assert token not in said
