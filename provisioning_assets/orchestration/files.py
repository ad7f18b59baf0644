"""Whether a file changed: what a look costs milliseconds for, since it comes every second."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

_ASIDE = {
    ".git", ".hypothesis", ".import_linter_cache", ".mypy_cache", ".provisioning", ".pytest_cache", ".ruff_cache",
    ".terraform", ".venv", "__pycache__", "cdk.out", "node_modules",
}  # fmt: skip
"""Folders that hold no code of the repository."""


def fingerprint(*folders: Path) -> str:
    """Changes with every file of these folders that is written, made or removed."""
    found = hashlib.sha256()
    for each in folders:
        for line in sorted(_lines(str(each))):
            found.update(line.encode("utf-8", "surrogateescape"))
    return found.hexdigest()


def _lines(folder: str) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _ASIDE:
                    yield from _lines(entry.path)
                continue
            at = entry.stat()
        except OSError:
            yield f"{entry.path} unreadable\n"
            continue
        yield f"{entry.path} {at.st_size} {at.st_mtime_ns} {at.st_ino} {at.st_mode}\n"
