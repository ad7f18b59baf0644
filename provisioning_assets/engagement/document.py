"""A YAML file with the place of everything in it."""

import math
import os
import re
import stat
from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.places import Found, Place, Wrong
from provisioning_assets.errors import ConfigurationError, Problem

REMEDY = "mend what is named; then `provisioning validate NAME` reads every file of the engagement again"
"""For a file of an engagement that cannot be read."""

_LARGEST = 1 << 17
"""Bytes; an engagement file is far smaller, and a larger one is a mistake or an attack."""

_LONGEST = 1 << 14
"""Characters of a text; to look through a longer one for secrets takes seconds, and an initial script is no longer."""

_DEEPEST = 40
"""Levels; an engagement file has eight."""

_LARGEST_NUMBER = 2**53 - 1
"""Beyond it, canonical JSON and most readers of JSON lose digits."""

_YAML = "tag:yaml.org,2002:"
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


class Document:
    """The content of a YAML mapping in plain JSON types, and where each part of it stands.

    Numbers are also kept as they were written (1.10 is not 1.1 to whoever reads it as a text); dates stay texts.
    """

    def __init__(self, file: Path, shown: str) -> None:
        """Read the file; `shown` is its name for people. `ConfigurationError` when it is no YAML mapping."""
        self.file = file
        self.shown = shown
        self._places: dict[Place, tuple[int, int]] = {}
        self._written: dict[Place, str] = {}
        self._problems: list[Problem] = []
        root = self._root()
        self._places[()] = (1, 1)
        if not isinstance(root, MappingNode):
            raise self._wrong("the file is empty or no mapping", 1, 1, "keys with values")
        self.content: dict[str, Json] = self._plain(root, ())
        if self._problems:
            # An alias comes to its anchor again.
            raise ConfigurationError(list(dict.fromkeys(self._problems)), remedy=REMEDY)

    def problem(self, wrong: Wrong) -> Problem:
        """What is wrong, with the line and column of its place."""
        lines = [self._position(place)[0] for place in wrong.lines_of]
        what = wrong.what.format(*lines) if lines else wrong.what
        return Problem(self.shown, *self._position(wrong.place), what, wrong.wanted)

    def problems(self, found: Iterable[Found], known: Collection[Problem] = ()) -> list[Problem]:
        """What was found, without what stands where a known problem does: an environment repeats the one before."""
        taken = {(each.file, each.line, each.column) for each in known}
        told = [each if isinstance(each, Problem) else self.problem(each) for each in found]
        return [each for each in told if (each.file, each.line, each.column) not in taken]

    def as_written(self, place: Place) -> str | None:
        """A number as the file has it; None for everything else."""
        return self._written.get(place)

    def _position(self, place: Place) -> tuple[int, int]:
        """Line and column of a place, or of the deepest part of it that the file has."""
        while place not in self._places:
            place = place[:-1]
        return self._places[place]

    def _wrong(self, what: str, line: int = 0, column: int = 0, expected: str = "") -> ConfigurationError:
        return ConfigurationError([Problem(self.shown, line, column, what, expected)], remedy=REMEDY)

    def _root(self) -> Node | None:
        text = self._text()
        try:
            return _composed(text)
        except MaxDepthExceededError as error:
            mark = error.problem_mark
            raise self._wrong(
                "nested too deeply", mark.line + 1, mark.column + 1, f"{_DEEPEST} levels at most"
            ) from None
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            said = ", ".join(part for part in (error.context, error.problem) if part)
            raise self._wrong(f"not YAML: {said}", line, column) from None
        except ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise self._wrong(f"not YAML: the character {error.character!r} is not allowed", line, 1) from None
        except YAMLError as error:
            raise self._wrong(f"not YAML: {str(error).splitlines()[0]}") from None

    def _text(self) -> str:
        try:
            if not stat.S_ISREG(self.file.stat().st_mode):
                raise self._wrong("this is no regular file", expected="a file with text, no folder, pipe or device")
            with self.file.open("rb") as opened:
                data = opened.read(_LARGEST + 1)
            if len(data) > _LARGEST:
                raise self._wrong("the file is too large", expected=f"at most {_LARGEST} bytes")
            return data.decode("utf-8-sig")
        except FileNotFoundError:
            raise self._wrong("there is no such file") from None
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise self._wrong(f"byte {error.start} is not UTF-8", line, 1, "a file saved as UTF-8") from None
        except OSError as error:
            raise self._wrong(f"the file cannot be read: {error.strerror}") from None

    def _plain(self, node: Node, place: Place) -> Json:
        """The node's value; what cannot be one becomes a problem and None."""
        if node.anchor:
            self._refuse(node, f"`&{node.anchor}` is an anchor", "the value itself wherever it is needed")
            return None
        if not isinstance(node, ScalarNode) and node.tag not in {f"{_YAML}map", f"{_YAML}seq"}:
            self._refuse(node, f"the tag `{node.tag}` is not used here", "the plain mapping or list")
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, place)
        if isinstance(node, SequenceNode):
            for position, item in enumerate(node.value):
                self._places[*place, position] = _start(item)
            return [self._plain(item, (*place, position)) for position, item in enumerate(node.value)]
        return self._scalar(node, place)

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Json]:
        content: dict[str, Json] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or key.anchor or _NO_TEXT.search(str(key.value)):
                self._refuse(key, "a key is not a plain text", "one word before the colon")
                continue
            name, here = str(key.value), (*place, str(key.value))
            if name in content:
                first = self._places[here][0]
                self._refuse(key, f"the key `{name}` is here twice; first in line {first}", "one of them")
                continue
            self._places[here] = _start(key)
            content[name] = self._plain(value, here)
        return content

    def _scalar(self, node: Node, place: Place) -> Json:
        kind, text = str(node.tag).removeprefix(_YAML), str(node.value)
        if len(text) > _LONGEST:
            self._refuse(node, f"the text has {len(text)} characters", f"at most {_LONGEST}")
            return None
        if kind in {"str", "timestamp"} and not _NO_TEXT.search(text):
            return text
        if kind == "bool":
            return text.lower() == "true"
        if kind in {"int", "float"}:
            return self._number(node, place)
        if kind == "str":
            self._refuse(node, "the text holds what is no character", "escapes of whole characters")
        elif kind != "null":
            self._refuse(node, f"the tag `{node.tag}` is not used here", "the plain value")
        return None

    def _number(self, node: Node, place: Place) -> int | float | None:
        try:
            number: int | float = YAML(typ="safe", pure=True).constructor.construct_object(node)
        except (ValueError, YAMLError):
            self._refuse(node, "this is no number")
            return None
        if math.isnan(number):
            self._refuse(node, "this is no number", "digits")
            return None
        if not math.isfinite(number) or abs(number) > _LARGEST_NUMBER:
            self._refuse(node, "the number is too large", f"at most {_LARGEST_NUMBER}, or a text in quotes")
            return None
        self._written[place] = str(node.value)
        return number

    def _refuse(self, node: Node, what: str, expected: str = "") -> None:
        self._problems.append(Problem(self.shown, *_start(node), what, expected))


def real(path: Path) -> Path:
    """Where a path leads, through links; one that leads into itself leads nowhere, and is no error yet."""
    return Path(os.path.realpath(path))


def shown(file: Path, repository: Path) -> str:
    """A file's name for people: relative to the repository, if it lies there."""
    return file.relative_to(repository).as_posix() if file.is_relative_to(repository) else str(file)


@lru_cache(maxsize=32)
def _composed(text: str) -> Node | None:
    """The nodes of a YAML text; a run asks for the same few files again and again."""
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = _DEEPEST
    yaml.composer.warn_double_anchors = False  # no anchor is let through
    root: Node | None = yaml.compose(text)
    return root


def _start(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
