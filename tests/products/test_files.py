"""Files in a folder: what no other store does."""

import subprocess
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


@pytest.mark.parametrize("key", [".lock", "a.part", ".gitignore"])
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


def git(repository: Path, *words: str) -> str:
    """What git says of a repository."""
    command = ["git", "-C", str(repository), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def untracked(repository: Path) -> str:
    """What git would take into the next commit."""
    return git(repository, "status", "--porcelain", "--untracked-files=all")


@pytest.mark.parametrize("begin", ["prepare", "create"])
def test_a_record_in_the_repository_is_not_committed_by_accident(store: Store, tmp_path: Path, begin: str) -> None:
    git(tmp_path, "init", "--quiet")
    if begin == "prepare":
        store.prepare()

    store.create("shop/a", b"1")

    assert untracked(tmp_path) == ""
    assert list(store.versions("")) == ["shop/a"]


def test_a_folder_that_somebody_made_stays_as_git_sees_it(store: Store, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "store").mkdir()

    store.create("shop/a", b"1")

    assert "store/shop/a" in untracked(tmp_path)
