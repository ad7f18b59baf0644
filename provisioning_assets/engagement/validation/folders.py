"""Folders of stores: inside the repository, and nobody else's."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.document import real
from provisioning_assets.engagement.places import Wrong
from provisioning_assets.engagement.written import Written

_MARKS = (".gitignore", ".lock")
_EXPECTED = "a folder inside, relative to it, such as `.provisioning/ledger`"


def folder_problems(written: Written) -> Iterator[Wrong]:
    """A folder that is not the store's alone."""
    for position, environment in enumerate(written.header.environments):
        for key, settings in (("state", environment.state), ("ledger", environment.ledger)):
            folder = settings.model_dump().get("folder") if settings else None
            if folder and (what := _named(PurePosixPath(folder)) or _there(written.repository / folder, written)):
                yield Wrong(("environments", position, key, "folder"), f"{folder} {what}", _EXPECTED)


def _named(path: PurePosixPath) -> str | None:
    """What is wrong with a folder by its name."""
    if path.is_absolute() or ".." in path.parts or path.parts[:1] == ("~",):
        return "lies outside the repository"
    if not path.parts:
        return "is the repository itself"
    return "is git's own" if ".git" in path.parts else None


def _there(target: Path, written: Written) -> str | None:
    """What is wrong with a folder by what is there. A store leaves its mark in its folder."""
    target = real(target)
    if any(target.is_relative_to(each) or each.is_relative_to(target) for each in _read(written)):
        return "lies among the files that the engagement is read from"
    if next(each for each in (target, *target.parents) if each.exists()).is_file():
        return "is a file, or below one"
    if target.is_dir() and any(target.iterdir()) and not any((target / each).is_file() for each in _MARKS):
        return "is there already, and holds something else"
    return None


def _read(written: Written) -> Iterator[Path]:
    """The engagement's folder, and those of its code."""
    yield written.folder
    stages: Json = written.sections.get("stages")
    for stage in stages if isinstance(stages, list) else ():
        if isinstance(stage, dict) and isinstance(stage.get("root"), str):
            yield real(written.repository / stage["root"])
