"""One suite for every secret store; OpenBao runs it on a server of its own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import uuid4

import pytest

from provisioning_assets.assets.secret_structure import desired_structure
from provisioning_assets.backends.secrets import SecretStore
from provisioning_assets.backends.secrets.openbao.store import OpenBao
from provisioning_assets.core.plan import Attributes, diff
from provisioning_assets.engagement.sections import Generate, Secret, Secrets
from provisioning_assets.errors import ApplyFailed, ProviderFailed
from tests.fakes.secrets import MemorySecrets
from tests.support.servers import openbao_server

OWNED = {"owner": "Dana Novak", "purpose": "runtime", "rotate_every_days": "90"}


@pytest.fixture(scope="module")
def openbao() -> Iterator[OpenBao]:
    with openbao_server() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("VAULT_TOKEN", server.token)
        yield OpenBao(server.address)


@pytest.fixture(scope="module", params=["memory", "openbao"])
def store(request: pytest.FixtureRequest) -> SecretStore:
    return MemorySecrets() if request.param == "memory" else request.getfixturevalue("openbao")


@pytest.fixture
def engagement() -> str:
    return f"shop_{uuid4().hex[:8]}"


@pytest.fixture
def desired(engagement: str) -> dict[str, Attributes]:
    days = timedelta(days=90)
    names = {"database-password": "runtime", "session-key": "runtime", "ci-deploy-key": "engagement"}
    section = Secrets(
        secrets=tuple(
            Secret(name=name, owner="Dana Novak", purpose=purpose, source=Generate(generate=32), rotate_every=days)
            for name, purpose in names.items()
        ),
        pipeline_reads=("database-password",),
    )
    return desired_structure(engagement, "staging", section)


@pytest.fixture
def scope(store: SecretStore, engagement: str, desired: dict[str, Attributes]) -> str:
    bring_about(store, f"{engagement}-staging", desired)
    return f"{engagement}-staging"


def bring_about(store: SecretStore, scope: str, desired: dict[str, Attributes]) -> None:
    store.write_structure(diff(desired, store.read_structure(f"{scope}-")).changes)


def drift(store: SecretStore, scope: str, desired: dict[str, Attributes]) -> list[str]:
    return [str(change) for change in diff(desired, store.read_structure(f"{scope}-")).changes]


def test_a_cluster_says_who_it_is_each_time_the_same(store: SecretStore) -> None:
    assert store.cluster()
    assert store.cluster() == store.cluster()


def test_what_nobody_wrote_is_empty(store: SecretStore, engagement: str) -> None:
    assert store.read_structure(f"{engagement}-") == {}
    assert store.stored(f"{engagement}-staging-runtime") == {}


def test_structure_is_there_after_it_was_written(
    store: SecretStore, scope: str, desired: dict[str, Attributes]
) -> None:
    assert len(desired) == 5
    assert drift(store, scope, desired) == []


def test_a_widened_policy_is_seen_and_taken_back(
    store: SecretStore, scope: str, desired: dict[str, Attributes]
) -> None:
    address = f"policy {scope}-pipeline"
    wider = {"rules": f'{desired[address]["rules"]}\npath "{scope}-engagement/data/*" {{ capabilities = ["read"] }}'}
    bring_about(store, scope, {**desired, address: wider})
    assert drift(store, scope, desired) == [f"update {address} (rules)"]

    bring_about(store, scope, desired)

    assert drift(store, scope, desired) == []


def test_a_role_with_one_more_policy_is_seen(store: SecretStore, scope: str, desired: dict[str, Attributes]) -> None:
    address = f"role {scope}-pipeline"
    both = [f"{scope}-agency", f"{scope}-pipeline"]
    bring_about(store, scope, {**desired, address: {**desired[address], "policies": both}})

    assert drift(store, scope, desired) == [f"update {address} (policies)"]


@pytest.mark.parametrize(("setting", "value"), [
    ("bind_secret_id", False), ("token_num_uses", 3), ("token_period", 3600), ("token_type", "batch"),
    ("token_bound_cidrs", ["10.0.0.0/8"]), ("secret_id_bound_cidrs", ["10.0.0.0/8"]), ("token_explicit_max_ttl", 60),
])  # fmt: skip
def test_a_setting_that_nobody_declared_is_seen_and_taken_back(
    store: SecretStore, scope: str, desired: dict[str, Attributes], setting: str, value: object
) -> None:
    address = f"role {scope}-pipeline"
    role = dict(desired[address])
    if setting == "bind_secret_id":
        # A role that asks for no secret id has to be bound to addresses instead.
        role["token_bound_cidrs"] = ["10.0.0.0/8"]
    bring_about(store, scope, {**desired, address: {**role, setting: value}})
    (told,) = drift(store, scope, desired)
    assert setting in told

    bring_about(store, scope, desired)

    assert drift(store, scope, desired) == []


def test_an_undeclared_role_and_policy_are_deleted(
    store: SecretStore, scope: str, desired: dict[str, Attributes]
) -> None:
    extra = {
        f"policy {scope}-x": desired[f"policy {scope}-agency"],
        f"role {scope}-x": desired[f"role {scope}-pipeline"],
    }
    bring_about(store, scope, {**desired, **extra})
    assert drift(store, scope, desired) == [f"delete policy {scope}-x", f"delete role {scope}-x"]

    bring_about(store, scope, desired)

    assert drift(store, scope, desired) == []


def test_a_mount_that_holds_a_secret_is_not_deleted(
    store: SecretStore, scope: str, desired: dict[str, Attributes]
) -> None:
    store.create(f"{scope}-runtime", "database-password", {"value": "first"}, OWNED)
    without = {address: value for address, value in desired.items() if address != f"mount {scope}-runtime"}

    with pytest.raises(ApplyFailed, match="holds") as refused:
        bring_about(store, scope, without)

    assert refused.value.remedy
    assert store.read(f"{scope}-runtime", "database-password") == {"value": "first"}


def test_an_empty_mount_is_deleted(store: SecretStore, scope: str, desired: dict[str, Attributes]) -> None:
    without = {address: value for address, value in desired.items() if address != f"mount {scope}-runtime"}

    bring_about(store, scope, without)

    assert drift(store, scope, without) == []


def test_a_first_value_stays(store: SecretStore, scope: str) -> None:
    mount = f"{scope}-runtime"

    assert store.create(mount, "database-password", {"value": "first"}, OWNED)
    assert not store.create(mount, "database-password", {"value": "second"}, {"owner": "somebody else"})

    assert store.read(mount, "database-password") == {"value": "first"}
    stored = store.stored(mount)["database-password"]
    assert (stored.version, dict(stored.metadata)) == (1, OWNED)
    assert datetime.now(UTC) - stored.written_at < timedelta(minutes=1)


def test_an_update_counts_only_on_the_version_that_was_seen(store: SecretStore, scope: str) -> None:
    mount = f"{scope}-runtime"
    assert not store.update(mount, "session-key", {"value": "x"}, version=1)
    store.create(mount, "session-key", {"key": "k1", "chain": "c1"}, OWNED)

    assert store.update(mount, "session-key", {"key": "k2", "chain": "c2"}, version=1)
    assert not store.update(mount, "session-key", {"key": "k3", "chain": "c3"}, version=1)

    assert store.read(mount, "session-key") == {"key": "k2", "chain": "c2"}
    assert store.stored(mount)["session-key"].version == 2
    assert dict(store.stored(mount)["session-key"].metadata) == OWNED


def test_another_owner_leaves_value_and_version(store: SecretStore, scope: str) -> None:
    mount = f"{scope}-runtime"
    store.create(mount, "session-key", {"value": "first"}, OWNED)

    store.describe(mount, "session-key", {"owner": "Chiara Conti"})

    stored = store.stored(mount)["session-key"]
    assert (stored.version, dict(stored.metadata)) == (1, {"owner": "Chiara Conti"})
    assert store.read(mount, "session-key") == {"value": "first"}
    with pytest.raises(ProviderFailed):
        store.describe(mount, "nothing", OWNED)
    assert "nothing" not in store.stored(mount)


def test_of_two_first_writers_one_wins(store: SecretStore, scope: str) -> None:
    start = Barrier(2)

    def write(value: str) -> bool:
        start.wait(5)
        return store.create(f"{scope}-runtime", "database-password", {"value": value}, OWNED)

    with ThreadPoolExecutor(2) as pool:
        won = list(pool.map(write, ["first", "second"]))

    assert sorted(won) == [False, True]
    assert store.read(f"{scope}-runtime", "database-password") == {"value": ["first", "second"][won.index(True)]}


def test_the_pipeline_reads_what_is_listed_and_nothing_else(store: SecretStore, scope: str) -> None:
    runtime, private = f"{scope}-runtime", f"{scope}-engagement"
    there = [
        (runtime, "database-password"),
        (runtime, "session-key"),
        (runtime, "certificate-shop"),
        (private, "ci-deploy-key"),
    ]
    for mount, name in there:
        store.create(mount, name, {"value": "x"}, OWNED)

    could = store.can_read(f"{scope}-pipeline", there)

    assert [path for path, read in could.items() if read] == [f"{runtime}/database-password"]
    assert len(could) == 4


def test_what_the_agency_may_read_is_the_engagement_mount(
    store: SecretStore, scope: str, desired: dict[str, Attributes]
) -> None:
    role = {**desired[f"role {scope}-pipeline"], "policies": [f"{scope}-agency"]}
    bring_about(store, scope, {**desired, f"role {scope}-agency": role})
    paths = [(f"{scope}-runtime", "database-password"), (f"{scope}-engagement", "ci-deploy-key")]
    for mount, name in paths:
        store.create(mount, name, {"value": "x"}, OWNED)

    assert list(store.can_read(f"{scope}-agency", paths).values()) == [False, True]


def test_a_widened_policy_lets_the_pipeline_in(store: SecretStore, scope: str, desired: dict[str, Attributes]) -> None:
    store.create(f"{scope}-engagement", "ci-deploy-key", {"value": "x"}, OWNED)
    wider = {"rules": f'path "{scope}-engagement/data/*" {{ capabilities = ["read"] }}'}
    bring_about(store, scope, {**desired, f"policy {scope}-pipeline": wider})

    assert store.can_read(f"{scope}-pipeline", [(f"{scope}-engagement", "ci-deploy-key")]) == {
        f"{scope}-engagement/ci-deploy-key": True
    }


def test_what_could_not_be_tried_is_no_answer(store: SecretStore, scope: str) -> None:
    with pytest.raises(ProviderFailed):
        store.can_read(f"{scope}-pipeline", [(f"{scope}-runtime", "database-password")])  # allowed, and not there
    with pytest.raises(ProviderFailed):
        store.can_read(f"{scope}-nobody", [(f"{scope}-runtime", "database-password")])


def test_what_is_not_there_cannot_be_read_or_written(store: SecretStore, scope: str) -> None:
    with pytest.raises(ProviderFailed):
        store.read(f"{scope}-runtime", "database-password")
    with pytest.raises(ProviderFailed):
        store.create(f"{scope}-nowhere", "database-password", {"value": "x"}, OWNED)
    with pytest.raises(ProviderFailed):
        store.update(f"{scope}-nowhere", "database-password", {"value": "x"}, version=1)


def test_a_refused_write_names_its_address(store: SecretStore, scope: str, desired: dict[str, Attributes]) -> None:
    with pytest.raises(ApplyFailed) as refused:
        bring_about(store, scope, {**desired, f"policy {scope}-x": {"rules": "no policy at all"}})

    assert refused.value.where == f"policy {scope}-x"
