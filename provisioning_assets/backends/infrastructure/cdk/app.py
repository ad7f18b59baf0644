"""A CDK app as files: its `cdk.json`, what its packages are pinned to, and what belongs to it. Loads nothing of CDK."""

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioning_assets.core.plan import Json

CDK_JSON, CONTEXT_JSON, REQUIREMENTS = "cdk.json", "cdk.context.json", "requirements.txt"
LIBRARY = "aws-cdk-lib"
EVERY_STAGE = ("engagement", "environment", "region")
"""Variables that every stage gets, also of an app that does not name them."""

_BESIDE = {".git", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".venv", "__pycache__", "cdk.out", "venv"}
"""Folders that are made from the code, or for those who write it."""
_PIN = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\s*==\s*(?P<version>[\w.!+-]+)")


class Unreadable(Exception):
    """A file of the app is not in its form."""

    def __init__(self, file: Path, line: int, column: int, what: str) -> None:
        super().__init__(what)
        self.file, self.line, self.column, self.what = file, line, column, what


@dataclass(frozen=True, slots=True)
class Pin:
    """A line of `requirements.txt`; without a version when it pins nothing."""

    line: int
    text: str
    name: str = ""
    version: str = ""


def settings(root: Path) -> Mapping[str, Json]:
    """What `cdk.json` says; `Unreadable`."""
    return _object(root / CDK_JSON)


def command(told: Mapping[str, Json]) -> list[str] | None:
    """The arguments of Python that run the app; None for an `app` that is no Python script."""
    try:
        words = shlex.split(str(told.get("app", "")))
    except ValueError:
        return None
    runs = len(words) > 1 and words[0] in {"python", "python3"} and words[1].endswith(".py")
    return words[1:] if runs and not re.search(r"[;&|<>$`]", " ".join(words)) else None


def context(root: Path) -> dict[str, Json]:
    """The context that the app's own files give it; `Unreadable`."""
    own = settings(root).get("context", {})
    looked_up = root / CONTEXT_JSON
    return {**(own if isinstance(own, dict) else {}), **(_object(looked_up) if looked_up.is_file() else {})}


def variables(root: Path) -> list[str]:
    """The variables that the app takes: the names in the context of `cdk.json`, without CDK's own flags."""
    own = settings(root).get("context", {})
    return [name for name in own if name.isidentifier()] if isinstance(own, dict) else []


def pins(root: Path) -> Iterator[Pin]:
    """Each package that `requirements.txt` names."""
    for number, raw in enumerate((root / REQUIREMENTS).read_text(encoding="utf-8").splitlines(), 1):
        text = re.sub(r"(^|\s)#.*$", "", raw).rstrip("\\ ").strip()
        if text and not text.startswith("--hash"):
            found = _PIN.fullmatch(re.split(r"[;\s]--hash|;", text)[0].strip())
            yield (
                Pin(number, text, found["name"].lower().replace("_", "-"), found["version"])
                if found
                else Pin(number, text)
            )


def files(root: Path) -> Iterator[Path]:
    """Every file of the app; links are followed to files, not into folders."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - _BESIDE)
        for name in sorted(names):
            file = Path(folder) / name
            if file.is_file() and not _leftover(name):
                yield file


def is_beside(name: str, is_folder: bool) -> bool:  # noqa: FBT001 - which of the two a name is
    """Whether it is none of the app's: made from the code, or left by an editor."""
    return name in _BESIDE if is_folder else _leftover(name)


def would_belong(root: Path, file: Path) -> bool:
    """Whether a file would be the app's if it were there."""
    inside = file.relative_to(root) if file.is_relative_to(root) else None
    return inside is not None and not _BESIDE & {*inside.parts[:-1]} and not _leftover(inside.name)


def linked_folders(root: Path) -> Iterator[Path]:
    """Folders of the app that lie elsewhere."""
    for folder, folders, _ in os.walk(root):
        folders[:] = sorted(set(folders) - _BESIDE)
        yield from (Path(folder) / name for name in folders if (Path(folder) / name).is_symlink())


def line_of(file: Path, key: str) -> int:
    """Line of a JSON file at which a key stands; 1 when it does not."""
    lines = enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
    return next((number for number, text in lines if re.search(rf'"{re.escape(key)}"\s*:', text)), 1)


def _leftover(name: str) -> bool:
    return name.endswith(("~", ".swp", ".swo", ".pyc")) or name.startswith(".#") or name == ".DS_Store"


def _object(file: Path) -> Mapping[str, Json]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise Unreadable(file, error.lineno, error.colno, f"no JSON: {error.msg}") from None
    except UnicodeDecodeError:
        raise Unreadable(file, 1, 1, "no UTF-8") from None
    if not isinstance(found, dict):
        raise Unreadable(file, 1, 1, "no JSON object")
    return found
