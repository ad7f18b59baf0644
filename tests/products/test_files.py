"""Files in a folder: what no other store does."""

from pathlib import Path

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.store import Store
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ProviderFailed
from tests.support.back_ends import opened


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store: Store = opened(Kind.STORE, "files", Access("the test's own", {}, folder=tmp_path), folder="store")
    return store


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a/../../outside"])
def test_keys_stay_in_the_folder(store: Store, tmp_path: Path, key: str) -> None:
    with pytest.raises(ProviderFailed) as refused:
        store.create(key, b"x")

    assert refused.value.where == str(tmp_path / "store")
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("key", [".lock", "a.part"])
def test_names_of_the_stores_own_files_are_no_keys(store: Store, tmp_path: Path, key: str) -> None:
    with pytest.raises(ProviderFailed) as refused:
        store.create(key, b"x")

    assert refused.value.where == str(tmp_path / "store")
    assert store.versions("") == {}


def test_a_folder_that_cannot_be_written_is_named(store: Store, tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file in the way")

    for ask in (store.prepare, store.reach):
        with pytest.raises(ProviderFailed) as failure:
            ask()
        assert failure.value.where == str(tmp_path / "store")
        assert failure.value.remedy


def test_a_folder_that_is_not_made_yet_is_reached_and_stays_so(store: Store, tmp_path: Path) -> None:
    store.reach()

    assert not (tmp_path / "store").exists()


def test_a_part_that_a_killed_writer_left_is_no_key(store: Store, tmp_path: Path) -> None:
    store.create("shop/a", b"1")
    (tmp_path / "store/shop/tmp4711.part").write_bytes(b"half of")

    assert list(store.versions("")) == ["shop/a"]
