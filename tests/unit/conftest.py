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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the example, that may be written to."""
    (tmp_path / ".git").mkdir()
    shutil.copytree(REPOSITORY / "terraform", tmp_path / "terraform", ignore=shutil.ignore_patterns(".terraform*"))
    copied = tmp_path / "engagements" / EXAMPLE.name
    shutil.copytree(EXAMPLE, copied)
    return copied


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
