"""Terraform's files as data, whether they are HCL or JSON.

https://developer.hashicorp.com/terraform/language/syntax/json
"""

import json
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import hcl2
from lark import Token, Tree
from lark.exceptions import LarkError

from provisioning_assets.errors import ConfigurationError, Problem

Node = Any
"""An expression: a part of the parser's tree, or a value of JSON, whose texts are templates."""

_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t"}
_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, **dict.fromkeys(("locals", "terraform", "moved", "import"), 0)}
_NESTED = dict.fromkeys(("provisioner", "backend", "dynamic"), 1)
"""Number of labels of the blocks of JSON: one at the top, and none below, for all others."""


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """The value of a name in a block."""

    value: Node
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A block, or a whole file: `kind`, its labels, and what is in it."""

    kind: str
    labels: tuple[str, ...]
    line: int
    attributes: Mapping[str, Attribute]
    blocks: tuple["Block", ...]
    text: str = ""
    """Of a whole file."""

    def of(self, kind: str) -> Iterator["Block"]:
        """The blocks of a kind in it."""
        return (block for block in self.blocks if block.kind == kind)


def files(folder: Path) -> list[Path]:
    """The files of a module that Terraform reads."""
    found = (*folder.glob("*.tf"), *folder.glob("*.tf.json"))
    return sorted(file for file in found if not file.name.startswith("."))


def blocks(file: Path, kind: str) -> Iterator[Block]:
    """Each block of a kind in a file."""
    return read(file).of(kind)


def read(file: Path) -> Block:
    """The file as one block. `ConfigurationError` names the line of what is wrong, or a link that leads nowhere."""
    data = b""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise _wrong(file, "this is no regular file", expected="a file, or a link to one")
        data = file.read_bytes()
        return _parsed(data.decode(), file.suffix == ".json")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _wrong(file, f"byte {error.start} is not UTF-8", line, 1, "a file saved as UTF-8") from None
    except (LarkError, ValueError, RecursionError) as error:
        line, column = getattr(error, "line", getattr(error, "lineno", 0)), getattr(error, "column", 0)
        language = "JSON" if file.suffix == ".json" else "HCL"
        what = error.args[0] if isinstance(error, _Twice) else f"this is not {language}"
        raise _wrong(file, what, max(line, 1), max(column, 1), f"what Terraform reads as {language}") from None
    except OSError as error:
        raise _wrong(file, f"this cannot be read: {error.strerror}", expected="a file, or a link to one") from None


def is_true(attribute: Attribute | None) -> bool:
    """Whether it says `true`."""
    value = attribute.value if attribute else None
    return value is True or (isinstance(value, Tree) and "".join(map(str, value.scan_values(bool))) == "true")


def line_of(node: Node) -> int:
    """The line at which an expression of HCL begins; 0 if it has none."""
    if isinstance(node, Token):
        return node.line or 0
    return next((line for child in node.children if (line := line_of(child))), 0) if isinstance(node, Tree) else 0


def unescaped(text: str) -> str:
    """A text in quotes, with what its escapes stand for."""
    return _ESCAPED.sub(lambda found: _meaning(found[1]), text)


def _meaning(mark: str) -> str:
    return chr(int(mark[1:], 16)) if len(mark) > 1 else _PLAIN.get(mark, mark)


class _Twice(ValueError):
    """A key of JSON that Terraform takes twice, and Python once."""

    lineno = 1


def _wrong(file: Path, what: str, line: int = 0, column: int = 0, expected: str = "") -> ConfigurationError:
    return ConfigurationError([Problem(str(file), line, column, what, expected)])


@cache
def _parsed(text: str, is_json: bool) -> Block:  # noqa: FBT001 - half of the cache's key
    """The parsed text; cached, because parsing takes 2 ms per file and each command needs the root's variables."""
    if not is_json:
        return replace(_body("", (), 1, hcl2.parses_to_tree(text).children[0]), text=text)
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except _Twice as error:
        error.lineno = _line(text, error.args[1], last=True)
        raise
    if not isinstance(document, dict):
        raise ValueError("no mapping")  # noqa: TRY004 - told as every text that is not this language
    found = _from_json("", (), document, text, {kind: _LABELS.get(kind, 1) for kind in document})
    return replace(found, text=text)


def _body(kind: str, labels: tuple[str, ...], line: int, body: "Tree[Token]") -> Block:
    attributes: dict[str, Attribute] = {}
    inside: list[Block] = []
    for child in body.children:
        if not isinstance(child, Tree):
            continue
        if child.data == "attribute":
            name, _, value = child.children
            attributes[_name(name)] = Attribute(value, line_of(name))
        elif child.data == "block":
            *head, _, within, _ = (part for part in child.children if not _is_blank(part))
            names = [_name(part) for part in head]
            assert isinstance(within, Tree)  # noqa: S101 - the grammar's `body`
            inside.append(_body(names[0], tuple(names[1:]), line_of(child), within))
    return Block(kind, labels, line, attributes, tuple(inside))


def _is_blank(node: Node) -> bool:
    return isinstance(node, Tree) and node.data == "new_line_or_comment"


def _name(node: Node) -> str:
    """A name, or a label in quotes."""
    text = "".join(str(token) for token in node.scan_values(lambda _token: True))
    return unescaped(text[1:-1]) if text.startswith('"') else text


def _from_json(
    kind: str, labels: tuple[str, ...], body: Mapping[str, Node], text: str, depth: Mapping[str, int]
) -> Block:
    """A mapping of JSON as a block: what is a mapping may be an attribute or a block, and is both."""
    return Block(
        kind,
        labels,
        _line(text, labels[-1] if labels and kind not in _NESTED else kind),
        {name: Attribute(value, _line(text, name)) for name, value in body.items()},
        tuple(
            block
            for name, value in body.items()
            for block in _of_kind(name, (), value, text, depth.get(name, _NESTED.get(name, 0)))
        ),
    )


def _of_kind(kind: str, labels: tuple[str, ...], value: Node, text: str, depth: int) -> Iterator[Block]:
    """The blocks that a value of JSON stands for: a list of mappings, or a single one, below each of the labels."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict) and depth:
            for label, below in each.items():
                yield from _of_kind(kind, (*labels, label), below, text, depth - 1)
        elif isinstance(each, dict):
            yield _from_json(kind, labels, each, text, {})


def _once(pairs: Iterable[tuple[str, Node]]) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for key, value in pairs:
        if key in found and key != "//":
            raise _Twice(f"the key `{key}` is there twice", key)
        found[key] = value
    return found


def _line(text: str, key: str, *, last: bool = False) -> int:
    """The line at which a key of JSON stands first, or last."""
    found = list(re.finditer(rf"{re.escape(json.dumps(key, ensure_ascii=False))}\s*:", text))
    return text.count("\n", 0, found[-last].start()) + 1 if found else 1
