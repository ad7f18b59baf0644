"""A repository to call commands in."""

from pathlib import Path

import pytest

from provisioning_assets.cli import console
from provisioning_assets.runs.profiles import CHOSEN


@pytest.fixture(autouse=True)
def process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a command prints holds for its process; here several run in one."""
    monkeypatch.setattr(console.out, "stderr", False)
    monkeypatch.setenv(CHOSEN, "")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that has no engagement yet."""
    (tmp_path / "engagements").mkdir()
    (tmp_path / "definitions.py").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the example, on a machine without profiles."""
    repository = folder.parents[1]
    (repository / "definitions.py").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(repository / "nobody"))
    monkeypatch.chdir(repository)
    return repository
