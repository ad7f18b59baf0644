"""Whether a file changed: what a look costs milliseconds for, since it comes every second."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import provisioning_assets

_ASIDE = {
    ".git", ".hypothesis", ".import_linter_cache", ".mypy_cache", ".provisioning", ".pytest_cache", ".ruff_cache",
    ".venv", "node_modules",
}  # fmt: skip
"""Folders of a repository that hold no code of it."""

_NEVER = {".git", ".provisioning", "__pycache__"}
"""Folders that hold none wherever they are."""

_AT_TOP = {".py", ".toml", ".yaml"}
"""Files that count beside the folders: not the log that somebody lets a command write there."""


def code(repository: Path) -> str:
    """Changes with every file of the repository that anything is made from; what programs leave beside it is none."""
    here = sorted(repository.iterdir())
    folders = [each for each in here if each.is_dir() and each.name not in _ASIDE]
    linked = [each.resolve() for folder in folders for each in sorted(folder.iterdir()) if each.is_symlink()]
    return fingerprint(*folders, *linked, *(each for each in here if each.suffix in _AT_TOP))


def own() -> str:
    """Changes with our own code: what a process has loaded is then not what the record is judged by."""
    return fingerprint(Path(provisioning_assets.__file__).parent)


def fingerprint(*places: Path) -> str:
    """Changes with every file, or file of a folder, that is written, made or removed."""
    found = hashlib.sha256()
    for each in places:
        for line in sorted(_lines(str(each))):
            found.update(line.encode("utf-8", "surrogateescape"))
    return found.hexdigest()


def _lines(folder: str) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except NotADirectoryError:
        at = Path(folder).stat()
        yield f"{folder} {at.st_size} {at.st_ctime_ns} {at.st_ino}\n"
        return
    except OSError:
        return
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _NEVER:
                    yield from _lines(entry.path)
                continue
            at = entry.stat()
        except OSError:
            yield f"{entry.path} unreadable\n"
            continue
        yield f"{entry.path} {at.st_size} {at.st_ctime_ns} {at.st_ino}\n"
