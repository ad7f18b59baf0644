"""One suite for every store: its conditional writes are what ledger and lock rest on. S3 runs it on a moto server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from uuid import uuid4

import pytest

from provisioning_assets.backends.store import Store
from provisioning_assets.backends.store.files import FileStore
from provisioning_assets.backends.store.s3 import S3Store
from tests.fakes.store import MemoryStore
from tests.support.servers import emulated_aws

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "5")
        with emulated_aws() as address:
            yield address


@pytest.fixture(params=["memory", "file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "memory":
        return MemoryStore()
    if request.param == "file":
        return FileStore(tmp_path / "store")
    request.getfixturevalue("aws")
    return S3Store(f"state-{uuid4().hex[:12]}", REGION)


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
    names = [f"shop/pages/{number:06}" for number in range(12)]
    for name in names:
        prepared.create(name, b"x")

    assert list(prepared.versions("shop/pages/")) == names


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
