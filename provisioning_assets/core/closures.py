"""The closure of a function: its own code, and that of everything that it names, as far as the given modules go.

What a decorator puts into a table is no part of what reads the table: write such a table out, by its names.

What says nothing to Python is left out: comments, docstrings, annotations, layout. The same source gives the same
closure on every machine and under every version of Python.
"""

import ast
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

Source = Callable[[str], str | None]
"""The text of a module; None for one that is not looked into."""
Name = tuple[str, str]
"""A module, and what it calls one of its definitions."""

_SAYS_NOTHING = {"annotation", "ctx", "kind", "returns", "type_comment", "type_params"}
_ENUMS = {"Enum", "Flag", "IntEnum", "IntFlag", "StrEnum"}
_COMPOUND = (
    ast.If, ast.Try, ast.ExceptHandler, ast.With, ast.For, ast.While, ast.Match, ast.match_case,
)  # fmt: skip
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_OUTSIDE = {"args", "decorator_list"}
"""The parts of a function that see the names around it, and none of its own."""
_IMPORTS_WITHIN = re.compile(r"^[ \t]+(from|import)\s", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Module:
    """The definitions of a module, and what its imports lead to."""

    definitions: Mapping[str, list[ast.stmt]]
    imports: Mapping[str, tuple[str, str]]
    """Name to the module that it is from, and the name there; empty for the module itself."""


@dataclass(slots=True)
class Closures:
    """Closures of functions in modules, whose sources are parsed once."""

    source: Source
    models: tuple[str, ...] = ()
    """Modules whose objects are handed in: each method or property of a name that code asks of anything is reached."""
    _modules: dict[str, _Module | None] = field(default_factory=dict)
    _codes: dict[Name, tuple[str, frozenset[Name]]] = field(default_factory=dict)
    _members: dict[str, set[Name]] | None = None

    def of(self, module: str, name: str) -> dict[str, str]:
        """`module:name` of each definition that a function reaches, its own first, to the digest of its code."""
        found: dict[str, str] = {}
        waiting = [(module, name)]
        while waiting:
            where = waiting.pop()
            address = ":".join(where)
            if address not in found:
                found[address], reached = self._code(where)
                waiting += sorted(reached)
        return found

    def _code(self, where: Name) -> tuple[str, frozenset[Name]]:
        """The digest of a definition, and the definitions that it names."""
        if where not in self._codes:
            module, name = where
            known = self._module(module)
            assert known is not None  # noqa: S101 - what leads into it looked first
            owner, _, member = name.partition(".")
            code = _Code()
            for node in known.definitions[owner]:
                for each in _of_member(node, member) if member else [node]:
                    code.add(each, frozenset())
            reached = {found for chain in code.names if (found := self._resolved(module, known, chain))}
            reached |= {found for asked in code.asked for found in self._of_models().get(asked, ())}
            self._codes[where] = code.digest, frozenset(reached - {where})
        return self._codes[where]

    def _resolved(self, module: str, known: _Module, chain: tuple[str, ...]) -> Name | None:
        """Which definition `a.b.c` means: through the imports of the module, and of those that it imports from."""
        first, *rest = chain
        if first in known.definitions:
            return module, _narrowed(known, first, rest)
        there, name = known.imports.get(first, ("", ""))
        path = [name, *rest] if name else rest
        while there and path:
            other = self._module(there)
            if other and (path[0] in other.definitions or path[0] in other.imports):
                return self._resolved(there, other, tuple(path))
            there, path = f"{there}.{path[0]}", path[1:]
        return None

    def _of_models(self) -> Mapping[str, set[Name]]:
        """The methods and properties of the models, by their names: whose they are, nobody can say from the code."""
        if self._members is None:
            self._members = {}
            for module in self.models:
                known = self._module(module)
                for owner, nodes in known.definitions.items() if known else ():
                    for each in (each for node in nodes if isinstance(node, ast.ClassDef) for each in node.body):
                        if isinstance(each, ast.FunctionDef):
                            self._members.setdefault(each.name, set()).add((module, f"{owner}.{each.name}"))
        return self._members

    def _module(self, name: str) -> _Module | None:
        if name not in self._modules:
            text = self.source(name)
            self._modules[name] = None if text is None else _parsed(text)
        return self._modules[name]


class _Code:
    """What a definition says to Python, as one text, and the names in it that are none of its own."""

    def __init__(self) -> None:
        self.names: set[tuple[str, ...]] = set()
        self.asked: set[str] = set()
        """The attributes that it asks for."""
        self._said: list[str] = []

    @property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return f"sha256:{hashlib.sha256(chr(0).join(self._said).encode(errors='surrogatepass')).hexdigest()}"

    def add(self, node: ast.AST, own: frozenset[str]) -> None:
        """Add a piece of code, in which `own` names are those of the functions around it."""
        if isinstance(node, ast.Attribute) and (chain := _chain(node)):
            self._said.append(f"={'.'.join(chain)}")
            self.asked |= set(chain[1:])
            if chain[0] not in own:
                self.names.add(chain)
            return
        if isinstance(node, ast.Name):
            self._said.append(f"={node.id}")
            if node.id not in own:
                self.names.add((node.id,))
            return
        if isinstance(node, ast.Attribute):
            self.asked.add(node.attr)
        within = own | frozenset(_bound(node)) if isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS)) else own
        if isinstance(node, _COMPREHENSIONS):
            self.add(node.generators[0].iter, own)  # as it is seen from outside
        kind = type(node)
        self._said.append(f"({kind.__name__}")
        for name in _FIELDS.get(kind) or _FIELDS.setdefault(kind, _fields(kind)):
            self._add_field(name, getattr(node, name), own if name in _OUTSIDE else within)
        self._said.append(")")

    def _add_field(self, name: str, value: object, own: frozenset[str]) -> None:
        if isinstance(value, list):
            self._said.append(name)
            for each in value:
                if not isinstance(each, ast.AST):
                    self._said.append(repr(each))
                elif not _is_silent(name, each):
                    self.add(each, own)
        elif isinstance(value, ast.AST):
            self._said.append(name)
            self.add(value, own)
        elif value is not None:
            self._said.append(f"{name}={value!r}")


_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}
"""The parts of each form that say something."""


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    return tuple(name for name in kind._fields if name not in _SAYS_NOTHING)


def _is_silent(where: str, node: ast.AST) -> bool:
    """A text that stands alone; and a check's own decorator, which says how it is shown and when it is run."""
    if where == "body":
        return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return where == "decorator_list" and isinstance(node, ast.Call) and _chain(node.func)[-1:] == ("readiness_item",)


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a function or a comprehension binds itself."""
    if isinstance(node, _COMPREHENSIONS):
        inside: list[ast.AST] = [each.target for each in node.generators]
    else:
        assert isinstance(node, _FUNCTIONS)  # noqa: S101 - the caller looked
        given = node.args
        yield from (each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs))
        yield from (each.arg for each in (given.vararg, given.kwarg) if each)
        inside = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
    while inside:
        each = inside.pop()
        if isinstance(each, ast.Name):
            if isinstance(each.ctx, ast.Store):
                yield each.id
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield each.name
        elif not isinstance(each, (ast.Lambda, *_COMPREHENSIONS)):
            inside += ast.iter_child_nodes(each)


def _narrowed(known: _Module, name: str, rest: list[str]) -> str:
    """A definition; of an enumeration of mere values, the member alone: another one changes nothing."""
    (node, *more) = known.definitions[name]
    is_enum = isinstance(node, ast.ClassDef) and any(isinstance(b, ast.Name) and b.id in _ENUMS for b in node.bases)
    alone = is_enum and not any(isinstance(each, ast.FunctionDef) for each in getattr(node, "body", ()))
    return f"{name}.{rest[0]}" if alone and not more and rest and any(_of_member(node, rest[0])) else name


def _parsed(text: str) -> _Module:
    tree = ast.parse(text)
    definitions: dict[str, list[ast.stmt]] = {}
    imports: dict[str, tuple[str, str]] = {}
    for stated in tree.body:
        for name in dict.fromkeys(_defines(stated)):
            definitions.setdefault(name, []).append(stated)
        imports |= _imports(stated)
    if _IMPORTS_WITHIN.search(text):
        for node in ast.walk(tree):
            imports |= _imports(node)
    return _Module(definitions, imports)


def _imports(node: ast.AST) -> dict[str, tuple[str, str]]:
    if isinstance(node, ast.Import):
        return {
            each.asname or each.name.partition(".")[0]: (each.name if each.asname else each.name.partition(".")[0], "")
            for each in node.names
        }
    if isinstance(node, ast.ImportFrom) and node.module:
        return {each.asname or each.name: (node.module, each.name) for each in node.names}
    return {}


def _defines(node: ast.AST) -> Iterator[str]:
    """The names that a statement at the top of a module or a class defines, or changes, itself or by what is in it."""
    if isinstance(node, _COMPOUND):
        yield from _names(getattr(node, "target", None))
        for each in ast.iter_child_nodes(node):
            yield from _defines(each)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield from _names(target)
    elif isinstance(node, ast.withitem):
        yield from _names(node.optional_vars)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield from _names(node.value.func)  # `TABLE.update(…)`, `TABLE.setdefault(…).append(…)`


def _names(node: ast.AST | None) -> Iterator[str]:
    yield from (each.id for each in ast.walk(node) if isinstance(each, ast.Name)) if node else ()


def _chain(node: ast.expr) -> tuple[str, ...]:
    """`a.b.c` as its names; empty for what is none."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()


def _of_member(owner: ast.stmt, name: str) -> Iterator[ast.stmt]:
    return (each for each in getattr(owner, "body", ()) if name in _defines(each))
