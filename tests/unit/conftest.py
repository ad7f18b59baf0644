"""Unit tests: no sockets, and the example engagement in a repository of its own, to be made wrong."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket

from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.errors import ConfigurationError, Problem
from tests.support.repository import EXAMPLE, REPOSITORY


@pytest.fixture(autouse=True)
def no_sockets(request: pytest.FixtureRequest) -> Iterator[None]:
    """A unit test talks to nobody; one about ports says so with `enable_socket`."""
    if request.node.get_closest_marker("enable_socket") is None:
        disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


class Repository:
    """A repository with a copy of the example and its code. Copying the code is slow: it stays until it was changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._code: dict[Path, tuple[int, int]] = {}

    def restore(self) -> Path:
        """The example's folder, as it is in our own repository; nothing that a test left is there."""
        for left in self.path.iterdir():
            if left.name != "terraform":
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        if not self._code or self._stamps() != self._code:
            shutil.rmtree(self.path / "terraform", ignore_errors=True)
            shutil.copytree(REPOSITORY / "terraform", self.path / "terraform", ignore=_PROVIDERS)
            self._code = self._stamps()
        (self.path / ".git").mkdir()
        return shutil.copytree(EXAMPLE, self.path / "engagements" / EXAMPLE.name)

    def _stamps(self) -> dict[Path, tuple[int, int]]:
        found = {path: path.lstat() for path in (self.path / "terraform").rglob("*")}
        return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in found.items()}


_PROVIDERS = shutil.ignore_patterns(".terraform")


@pytest.fixture(scope="session")
def repository_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """One for all tests of a process."""
    return Repository(tmp_path_factory.mktemp("repository"))


@pytest.fixture
def folder(repository_of_tests: Repository) -> Path:
    """A copy of the example, that may be written to."""
    return repository_of_tests.restore()


@pytest.fixture
def edit(folder: Path) -> Callable[..., None]:
    """Replace a text of one of its files, which must be there."""

    def replace(old: str, new: str, name: str = "engagement.yaml") -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}: mend the test"
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


@pytest.fixture
def problems(folder: Path) -> Callable[[], list[Problem]]:
    """What is wrong with it; nothing is an empty list."""

    def load() -> list[Problem]:
        try:
            load_engagement(folder)
        except ConfigurationError as error:
            return list(error.problems)
        return []

    return load
