"""One suite for every store: its conditional writes are what ledger and lock rest on."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from uuid import uuid4

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.store import Store
from provisioning_assets.core.kinds import Capability, Kind
from tests.fakes.store import MemoryStore
from tests.support.back_ends import FAKE, aws_access, lacks, names, products, subject_of
from tests.support.laws import EveryBackEnd, Proven
from tests.support.postgresql import PostgresqlServer
from tests.support.servers import KEYS_OF_A_PAGE


def s3(request: pytest.FixtureRequest) -> Proven:
    """A bucket of its own, on moto."""
    moto = request.getfixturevalue("moto")
    return Proven(Kind.STORE, "s3", moto, aws_access, {"bucket": f"state-{uuid4().hex[:12]}"})


def files(request: pytest.FixtureRequest) -> Proven:
    """A folder; it cannot be where a file is."""
    tmp_path: Path = request.getfixturevalue("tmp_path")
    (tmp_path / "in-the-way").mkdir()
    (tmp_path / "in-the-way/store").write_text("a file")

    def below(repository: str) -> Access:
        return Access("the test's own", {}, folder=Path(repository))

    away = str(tmp_path / "in-the-way")
    return Proven(Kind.STORE, "files", str(tmp_path), below, {"folder": "store"}, away)


def postgresql(request: pytest.FixtureRequest) -> Proven:
    """A database of its own."""
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    database = server.database()

    def at(address: str) -> Access:
        return server.access(database, PGPORT=address.rpartition(":")[2])

    return Proven(Kind.STORE, "postgresql", f"http://127.0.0.1:{server.port}", at)


SUBJECTS: Mapping[str, Callable[[pytest.FixtureRequest], Proven]] = {
    "s3": s3,
    "files": files,
    "postgresql": postgresql,
}


class TestEveryLaw(EveryBackEnd):
    @pytest.fixture(params=products(Kind.STORE))
    def proven(self, request: pytest.FixtureRequest) -> Proven:
        return subject_of(Kind.STORE, request.param, SUBJECTS)(request)


@pytest.fixture(params=names(Kind.STORE))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def opening(request: pytest.FixtureRequest, name: str) -> Callable[..., Store]:
    """Opens the same store, again and again."""
    if name == FAKE:
        memory = MemoryStore()
        return lambda **_: memory
    return subject_of(Kind.STORE, name, SUBJECTS)(request).opened


@pytest.fixture
def store(opening: Callable[..., Store]) -> Store:
    return opening()


@pytest.fixture
def prepared(store: Store) -> Store:
    store.prepare()
    return store


def version(store: Store, key: str) -> str:
    found = store.read(key)
    assert found is not None
    return found[1]


def test_a_store_that_was_not_prepared_is_empty(store: Store) -> None:
    assert store.read("shop/lock.json") is None
    assert store.versions("shop/") == {}


def test_preparing_twice_keeps_what_is_there(prepared: Store) -> None:
    prepared.create("shop/a", b"1")

    prepared.prepare()

    assert list(prepared.versions("")) == ["shop/a"]


def test_a_key_is_created_once(prepared: Store) -> None:
    assert prepared.create("shop/pages/1", b"first")
    assert not prepared.create("shop/pages/1", b"second")

    found = prepared.read("shop/pages/1")
    assert found is not None
    assert found[0] == b"first"


def test_a_key_is_replaced_only_in_the_version_that_was_read(prepared: Store) -> None:
    assert not prepared.replace("shop/lock.json", b"0", version='"00000000000000000000000000000000"')
    prepared.create("shop/lock.json", b"1")
    seen = version(prepared, "shop/lock.json")

    assert prepared.replace("shop/lock.json", b"2", version=seen)
    assert not prepared.replace("shop/lock.json", b"3", version=seen)

    assert prepared.read("shop/lock.json") == (b"2", version(prepared, "shop/lock.json"))


def test_a_key_is_deleted_only_in_the_version_that_was_read(prepared: Store) -> None:
    prepared.create("shop/lock.json", b"1")
    seen = version(prepared, "shop/lock.json")
    prepared.replace("shop/lock.json", b"2", version=seen)

    assert not prepared.delete("shop/lock.json", version=seen)
    assert prepared.delete("shop/lock.json", version=version(prepared, "shop/lock.json"))
    assert not prepared.delete("shop/lock.json", version=seen)

    assert prepared.read("shop/lock.json") is None
    assert prepared.create("shop/lock.json", b"3")


def test_keys_are_those_with_the_prefix_in_order(prepared: Store) -> None:
    for key in ("shop/pages/2", "shop/pages/10", "shop/pages/1", "shop/page", "other/pages/1"):
        prepared.create(key, b"x")

    found = prepared.versions("shop/pages/")
    assert list(found) == ["shop/pages/1", "shop/pages/10", "shop/pages/2"]
    assert found == {key: version(prepared, key) for key in found}
    assert list(prepared.versions("shop/pages/", after="shop/pages/1")) == ["shop/pages/10", "shop/pages/2"]
    assert prepared.versions("nobody/") == {}


def test_more_keys_than_a_page_holds_are_all_there(prepared: Store) -> None:
    keys = [f"shop/pages/{number:06}" for number in range(2 * KEYS_OF_A_PAGE + 2)]
    for key in keys:
        prepared.create(key, b"x")

    assert list(prepared.versions("shop/pages/")) == keys
    assert list(prepared.versions("shop/pages/", after=keys[1])) == keys[2:]


def test_of_writers_at_the_same_time_one_wins(prepared: Store) -> None:
    """Forty races of each kind: a store that looks first and writes then loses about one in two hundred."""
    start = Barrier(2)

    def create(key: str, content: bytes) -> bool:
        start.wait(5)
        return prepared.create(key, content)

    def replace(key: str, content: bytes) -> bool:
        seen = version(prepared, key)
        start.wait(5)
        return prepared.replace(key, content, version=seen)

    contents = [b"one", b"two"]
    with ThreadPoolExecutor(2) as pool:
        for race in range(40):
            key = f"shop/{race}/lock.json"
            for write in (create, replace):
                won = list(pool.map(write, [key, key], [content + write.__name__.encode() for content in contents]))
                found = prepared.read(key)
                assert won.count(True) == 1
                assert found is not None
                assert found[0] == contents[won.index(True)] + write.__name__.encode()


def test_content_is_bytes_of_any_kind(prepared: Store) -> None:
    content = bytes(range(256)) * 400
    prepared.create("shop/inputs/sha256:00ff", content)
    prepared.create("shop/empty", b"")

    for key, expected in (("shop/inputs/sha256:00ff", content), ("shop/empty", b"")):
        found = prepared.read(key)
        assert found is not None
        assert found[0] == expected


def test_what_one_wrote_another_opening_reads(prepared: Store, opening: Callable[..., Store]) -> None:
    prepared.create("shop/lock.json", b"1")

    assert opening().read("shop/lock.json") == (b"1", version(prepared, "shop/lock.json"))


def test_hosts_share_what_one_of_them_wrote(
    name: str, prepared: Store, opening: Callable[..., Store], tmp_path: Path
) -> None:
    if lacks(name, Capability.MANY_HOSTS):
        return
    prepared.create("shop/lock.json", b"1")

    assert opening(folder=tmp_path / "another host").read("shop/lock.json") is not None
