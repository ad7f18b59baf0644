"""Expressions of Terraform, as far as their texts can be named before Terraform runs: every text that one may have.

https://developer.hashicorp.com/terraform/language/expressions
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from lark import Tree

from provisioning_assets.backends.infrastructure.terraform.hcl import Node
from provisioning_assets.backends.infrastructure.terraform.templates import is_plain, parts, template

Texts = frozenset[str] | None
"""Every text that an expression may have; None if that cannot be said."""
Items = tuple[Texts, Texts] | None
"""Keys and values of a collection; None if it is none, or cannot be said."""

_MOST, _LONGEST = 10_000, 100_000
"""Texts of one expression, and characters of all of them; more cannot be said."""

_MADE = re.compile(r"(data\.)?(archive_file|local_file|local_sensitive_file)\.[\w-]+(\[.*\])?\.(output_path|filename)")
_ALIKE = {"concat", "distinct", "flatten", "reverse", "setunion", "sort", "tolist", "tomap", "toset", "merge"}
"""Functions whose result holds what their arguments hold."""
_OF_A_PATH: Mapping[str, Callable[[str], str]] = {
    "abspath": str,
    "basename": os.path.basename,
    "dirname": os.path.dirname,
    "pathexpand": os.path.expanduser,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: in which folder, below which root, and what its names stand for."""

    folder: Path
    root: Path
    locals: Mapping[str, tuple[Node, ...]]
    names: Mapping[str, Texts] = field(default_factory=dict)
    within: frozenset[str] = frozenset()
    """The locals that are being looked up: one that stands for itself stands for nothing."""
    known: dict[str, Texts] = field(default_factory=dict, compare=False)
    """The texts of the locals that were looked up."""

    def binding(self, names: Mapping[str, Texts]) -> "Scope":
        """The same, with more names."""
        return replace(self, names={**self.names, **names})

    def inside(self, name: str) -> "Scope":
        """The same, for what a local stands for: there, only names of the whole module count."""
        return replace(self, names={}, within=self.within | {name})


def texts(node: Node, scope: Scope) -> Texts:
    """Every text that an expression may have."""
    if is_plain(node):
        return _product(_texts_of(part, scope) for part in template(node))
    found = _TEXTS.get(node.data) if isinstance(node, Tree) else None
    return found(node, scope) if found else None


def items(node: Node, scope: Scope) -> Items:
    """The keys and the values of a collection; None if they cannot be said."""
    if isinstance(node, list):
        return _of_list(node, scope)
    if isinstance(node, dict):
        return _union(texts(key, scope) for key in node), _union(texts(each, scope) for each in node.values())
    if is_plain(node):
        alone = template(node)
        return items(alone[0], scope) if len(alone) == 1 and isinstance(alone[0], Tree) else None
    found = _ITEMS.get(node.data) if isinstance(node, Tree) else None
    return found(node, scope) if found else None


def bound(intro: Node, scope: Scope) -> Scope:
    """The scope inside a `for`: its names stand for what it walks through."""
    *names, over = _meant(intro)
    keys, values = items(over, scope) or (None, None)
    first, last = (_name(names[0]), _name(names[-1]))
    return scope.binding({first: keys, last: values})


def arguments(node: Node) -> list[Node]:
    """The arguments of a call."""
    return [each for child in _meant(node) if child.data == "arguments" for each in _meant(child)]


def called(node: Node) -> str:
    """The name of the function that is called, without the provider that brings it."""
    return [_name(child) for child in node.children if isinstance(child, Tree) and child.data == "identifier"][-1]


def path(node: Node) -> str:
    """A name with its dots: `path.module`."""
    return "".join(str(token) for token in node.scan_values(lambda _token: True))


def is_made(node: Node) -> bool:
    """Whether it is the name of a file that the code makes itself, of what was read for it."""
    if is_plain(node):
        alone = template(node)
        return len(alone) == 1 and isinstance(alone[0], Tree) and is_made(alone[0])
    return isinstance(node, Tree) and bool(_MADE.fullmatch(path(node)))


def is_null(node: Node) -> bool:
    """Whether it is `null`, which leaves an argument out."""
    return isinstance(node, Tree) and path(node) == "null"


def _texts_of(part: str | Node, scope: Scope) -> Texts:
    return frozenset({part}) if isinstance(part, str) else texts(part, scope)


def _of_list(nodes: Iterable[Node], scope: Scope) -> Items:
    values = _union(texts(each, scope) for each in nodes)
    return values, values


def _of_object(node: Node, scope: Scope) -> Items:
    pairs = [_meant(each) for each in _meant(node)]
    keys = _union(_key(key.children[0], scope) for key, *_ in pairs)
    return keys, _union(texts(value, scope) for *_, value in pairs)


def _of_local(node: Node, scope: Scope) -> Items:
    name = path(node)
    found = _local(name, scope)
    return _both(items(each, scope.inside(name)) for each in found) if found else None


def _of_for(node: Node, scope: Scope) -> Items:
    intro, *rest = _meant(node)
    inside = bound(intro, scope)
    return texts(rest[0], inside), texts(rest[-1], inside)


def _of_index(node: Node, scope: Scope) -> Texts:
    found = items(_meant(node)[0], scope)
    return found[1] if found else None


def _alone(node: Node) -> Node:
    """What is in parentheses, or stands alone."""
    inner = _meant(node)
    return inner[0] if len(inner) == 1 else None


def _local(name: str, scope: Scope) -> tuple[Node, ...]:
    """What a local stands for: more than one expression if an override file says it again."""
    known = name.startswith("local.") and name not in scope.within
    return scope.locals.get(name.removeprefix("local."), ()) if known else ()


def _of_name(name: str, scope: Scope) -> Texts:
    places = {"path.module": scope.folder, "path.root": scope.root, "path.cwd": scope.root}
    if name in scope.names:
        return scope.names[name]
    if name in places:
        return frozenset({str(places[name])})
    if name not in scope.known and (found := _local(name, scope)):
        scope.known[name] = _union(texts(each, scope.inside(name)) for each in found)
    return scope.known.get(name)


def _of_call(node: Node, scope: Scope) -> Texts:
    name, given = called(node), arguments(node)
    if name in _OF_A_PATH and len(given) == 1:
        found = texts(given[0], scope)
        return None if found is None else frozenset(map(_OF_A_PATH[name], found))
    return None


def _items_of_call(node: Node, scope: Scope) -> Items:
    name, given = called(node), arguments(node)
    if name in _ALIKE:
        return _both(items(each, scope) for each in given)
    if name in {"keys", "values"} and len(given) == 1:
        found = items(given[0], scope)
        chosen = found[name == "values"] if found else None
        return (chosen, chosen)
    if name == "fileset" and given:
        folders = texts(given[0], scope)
        listed = None if folders is None else frozenset(each for folder in folders for each in _below(scope, folder))
        return listed, listed
    return None


def _below(scope: Scope, folder: str) -> Iterator[str]:
    """The names of all files below a folder: more than a pattern lets through, and none that lies elsewhere."""
    base = scope.root / folder
    for here, _, names in os.walk(base):
        yield from (Path(here, name).relative_to(base).as_posix() for name in names)


def _key(node: Node, scope: Scope) -> Texts:
    """The key of an object: a bare name is a text there."""
    name = path(node)
    return frozenset({name}) if re.fullmatch(r"[\w-]+", name) else texts(node, scope)


def _meant(node: Node) -> list[Node]:
    """The children that are expressions."""
    return [each for each in node.children if isinstance(each, Tree) and each.data not in _NO_EXPRESSIONS]


_NO_EXPRESSIONS = {"new_line_or_comment", "for_cond", "binary_operator"}


def _name(node: Node) -> str:
    return path(node)


def _union(found: Iterable[Texts]) -> Texts:
    all_of_them: set[str] = set()
    for each in found:
        if each is None:
            return None
        all_of_them |= each
    return frozenset(all_of_them)


def _both(found: Iterable[Items]) -> Items:
    pairs = list(found)
    if any(pair is None for pair in pairs):
        return None
    return _union(pair[0] for pair in pairs if pair), _union(pair[1] for pair in pairs if pair)


def _product(found: Iterable[Texts]) -> Texts:
    choices, number, length = [], 1, 0
    for each in found:
        if each is None:
            return None
        number, length = number * len(each), length + max(map(len, each), default=0)
        if number > _MOST or number * length > _LONGEST:
            return None
        choices.append(each)
    return frozenset(map("".join, product(*choices)))


_TEXTS: Mapping[str, Callable[[Node, Scope], Texts]] = {
    "conditional": lambda node, scope: _union(texts(branch, scope) for branch in _meant(node)[1:]),
    "expr_term": lambda node, scope: texts(_alone(node), scope),
    "function_call": _of_call,
    "get_attr_expr_term": lambda node, scope: _of_name(path(node), scope),
    "identifier": lambda node, scope: _of_name(path(node), scope),
    "index_expr_term": _of_index,
    "string": lambda node, scope: _product(_texts_of(part, scope) for part in parts(node)),
}
_ITEMS: Mapping[str, Callable[[Node, Scope], Items]] = {
    "conditional": lambda node, scope: _both(items(branch, scope) for branch in _meant(node)[1:]),
    "expr_term": lambda node, scope: items(_alone(node), scope),
    "for_object_expr": _of_for,
    "for_tuple_expr": _of_for,
    "function_call": _items_of_call,
    "get_attr_expr_term": _of_local,
    "object": _of_object,
    "tuple": lambda node, scope: _of_list(_meant(node), scope),
}
"""What each form of an expression may be, by the name that the grammar gives it."""
