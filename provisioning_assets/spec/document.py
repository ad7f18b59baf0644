"""A YAML file with the place of everything in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from provisioning_assets.errors import ConfigurationError, Problem

LARGEST = 1 << 20
"""Bytes; an engagement file is far smaller, and a larger one is a mistake or an attack."""

Steps = Sequence[str | int]


class Document:
    """The content of a YAML mapping, and `problem` to point at any part of it."""

    def __init__(self, file: Path, shown: str) -> None:
        """Read the file; `shown` is its name for people. `ConfigurationError` when it is no YAML mapping."""
        self.file = file
        self.shown = shown
        self._marked = _parsed(file, shown)
        self.content: dict[str, Any] = _plain(self._marked)

    def problem(self, path: Steps, what: str, expected: str = "") -> Problem:
        """A problem at the deepest part of the path that the file has."""
        line, column = 1, 1
        node = self._marked
        for step in path:
            place = _place(node, step)
            if place is None:
                break
            line, column = place
            node = node[step]
        return Problem(self.shown, line, column, what, expected)


def _parsed(file: Path, shown: str) -> Any:
    text = _text(file, shown)
    yaml = YAML(typ="rt", pure=True)
    try:
        for event in yaml.parse(text):
            if getattr(event, "anchor", None):  # an alias has one, too: nested aliases can blow a small file up
                raise _wrong(shown, "anchors and aliases are not used here", event.start_mark)
        parsed = yaml.load(text)
    except DuplicateKeyError as error:
        raise _wrong(shown, str(error.problem).splitlines()[0], error.problem_mark) from None
    except MarkedYAMLError as error:
        raise _wrong(shown, f"not YAML: {error.problem or error.context}", error.problem_mark) from None
    except YAMLError as error:
        raise _wrong(shown, f"not YAML: {error}") from None
    if not isinstance(parsed, Mapping):
        raise _wrong(shown, "the file is empty or no mapping of keys to values")
    return parsed


def _text(file: Path, shown: str) -> str:
    try:
        if file.stat().st_size > LARGEST:
            raise _wrong(shown, f"the file is larger than {LARGEST} bytes")
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _wrong(shown, "there is no such file") from None
    except UnicodeDecodeError as error:
        raise _wrong(shown, f"the file is not UTF-8 (byte {error.start})") from None
    except OSError as error:
        raise _wrong(shown, f"the file cannot be read: {error.strerror}") from None


def _wrong(shown: str, what: str, mark: Any = None) -> ConfigurationError:
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return ConfigurationError([Problem(shown, line, column, what)])


def _place(node: Any, step: str | int) -> tuple[int, int] | None:
    try:
        found = node.lc.key(step) if isinstance(step, str) else node.lc.item(step)
    except (AttributeError, KeyError, IndexError, TypeError):
        return None
    return found[0] + 1, found[1] + 1


def _plain(value: Any) -> Any:
    """The same content in plain types; dates as they were written."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
