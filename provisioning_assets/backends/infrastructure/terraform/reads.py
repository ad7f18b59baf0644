"""What Terraform's code reads beside itself: the files that it names, and what nobody can name before it runs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from lark import Tree

from provisioning_assets.backends.infrastructure.folders import KEPT, LEFTOVER
from provisioning_assets.backends.infrastructure.terraform import expressions as ex
from provisioning_assets.backends.infrastructure.terraform.expressions import Scope
from provisioning_assets.backends.infrastructure.terraform.hcl import Attribute, Block, Node, line_of
from provisioning_assets.backends.infrastructure.terraform.templates import is_plain, parts, template

_FILE = {
    "file", "filebase64", "filebase64sha256", "filebase64sha512", "fileexists", "filemd5", "filesha1", "filesha256",
    "filesha512", "templatefile", "direxists",
}  # fmt: skip
_PATHS = {
    ("data", "archive_file"): {"source_file", "source_dir"},
    ("resource", "archive_file"): {"source_file", "source_dir"},
    ("data", "local_file"): {"filename"},
    ("data", "local_sensitive_file"): {"filename"},
    ("resource", "aws_lambda_function"): {"filename"},
    ("resource", "aws_lambda_layer_version"): {"filename"},
    ("resource", "aws_s3_bucket_object"): {"source"},
    ("resource", "aws_s3_object"): {"source"},
    ("resource", "aws_synthetics_canary"): {"zip_file"},
    ("resource", "azurerm_storage_blob"): {"source"},
    ("resource", "google_storage_bucket_object"): {"source"},
    ("resource", "helm_release"): {"chart"},
    ("provisioner", "file"): {"source"},
    ("provisioner", "remote-exec"): {"script", "scripts"},
}
"""Arguments that are paths, whatever they are made of."""
_OF_DATA = {"filename", "source_dir", "source_file"}
"""The same of every data source: what a provider of somebody else reads by these names is a file, too."""
_LIKE_A_PATH = re.compile(r"(.*_)?(file|filename|path|dir|directory|folder|script|source|template|chart|key)s?")
"""Names of other arguments that may be paths: an absolute one counts if a file is there."""
_PROGRAMS = {
    ("data", "external"): "runs a program, and no digest sees what it answers",
    ("data", "http"): "takes what an address answers, and no digest sees it change",
    ("action", "local_command"): "runs a program here, and no digest sees what it reads",
    ("data", "local_command"): "runs a program, and no digest sees what it answers",
    ("data", "shell_script"): "runs a program, and no digest sees what it answers",
    ("resource", "shell_script"): "runs a program here, and no digest sees what it reads",
    ("data", "terraform_remote_state"): "takes what another state holds, and no digest sees it change",
    ("provisioner", "local-exec"): "runs a program here, and no digest sees what it reads",
}
_INSTEAD = {
    "external": "a variable of the stage, or a file of the code",
    "http": "a file of the code that holds the answer",
    "local_command": "a variable of the stage, or a file of the code",
    "shell_script": "a resource of a provider that knows what it makes",
    "terraform_remote_state": "a variable with the name of the earlier stage, which gets its outputs",
    "local-exec": "a resource, or a step of the deployment",
}
_FOLDERS = "|".join(map(re.escape, KEPT))
_LEFT_OUT = re.compile(rf"(^|/)(({_FOLDERS})(/|$)|({LEFTOVER})$)")
"""Paths into what is no code: a digest holds it when the code names it."""
_LONGEST, _LONGEST_NAME = 4096, 255
"""Characters of a path, and bytes of a name in it."""
_CLIMBS = re.compile(r"(^|/)\.\.(/|$)")
_GLOB = re.compile(r"[*?\[{\\]")
_KINDS = "|".join(sorted({name for _, name in (*_PATHS, *_PROGRAMS)}))
_MAY_READ = re.compile(
    rf"""\b({"|".join(sorted({*_FILE, "fileset", "templatestring"}))})[ \t]*\("""
    rf"""|\b(data|resource|provisioner|action)\s+"?({_KINDS})\b|"({_KINDS})"\s*:"""
    rf"""|\b({"|".join(sorted(_OF_DATA))})\b"""
    rf"""|(?<!\.)\.\.(?!\.)|~[/"]|"/(?!")|\\[uU]|{_FOLDERS}|\.(sw[op]|\#|DS_Store)"""
)


@dataclass(frozen=True, slots=True)
class Read:
    """A file or a folder that code reads, as `path` leads there; or why it cannot be named (`unsaid`)."""

    line: int
    path: str = ""
    is_template: bool = False
    unsaid: str = ""
    optional: bool = False
    """Whether it is a value that may be used as a path: it counts if a file is there."""
    expected: str = "a path made of texts, `path.module`, `path.root`, and locals that are made of these"


@cache
def may_read(code: Block) -> bool:
    """Whether a file of code has anything in it by which its module could read a file: nine of ten have nothing."""
    text = code.text
    for block in code.of("module"):
        source = block.attributes.get("source")
        text = text.replace(ex.path(source.value), "", 1) if source and isinstance(source.value, Tree) else text
    return bool(_MAY_READ.search(text))


def reads(code: Block, scope: Scope) -> Iterator[Read]:
    """What a file of code reads."""
    for block in code.blocks:
        yield from (each for each in _block(block, scope) if each.unsaid or _may_be_path(each.path))


def reads_of_values(code: Block, root: Path) -> Iterator[Read]:
    """What the values of a file of variables may lead to: what uses them as a path says no name."""
    for name, attribute in code.attributes.items():
        place = _Place(Scope(root, root, {}), attribute.line, argument=name, is_value=True, is_given=True)
        yield from (each for each in _expression(attribute.value, place) if each.path and _may_be_path(each.path))


def reads_of_template(text: str, root: Path) -> Iterator[Read]:
    """What a template of `templatefile` reads: it may call functions, too."""
    found = _template(text, _Place(Scope(root, root, {}), 1, fixed=True))
    yield from (each for each in found if each.unsaid or _may_be_path(each.path))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an expression stands."""

    scope: Scope
    line: int
    fixed: bool = False
    """Whether all of it counts as this line: the lines of a template are its own."""
    argument: str = ""
    """Name of the argument in which a text may be a path; empty where it is only part of one."""

    is_value: bool = False
    """Whether it is a value of a name, which is used elsewhere."""
    is_given: bool = False
    """Whether the value is given from outside of the code, to be used by any argument."""

    def of(self, node: Node) -> int:
        return self.line if self.fixed else line_of(node) or self.line


def _block(block: Block, scope: Scope) -> Iterator[Read]:
    what = (block.kind, block.labels[0] if block.labels else "")
    if what in _PROGRAMS:
        yield Read(block.line, unsaid=f"`{what[1]}` {_PROGRAMS[what]}", expected=_INSTEAD[what[1]])
    repeated = block.attributes.get("for_each")
    if repeated:
        keys, values = ex.items(repeated.value, scope) or (None, None)
        name = what[1] if block.kind == "dynamic" else "each"
        scope = scope.binding({f"{name}.key": keys, f"{name}.value": values})
    for name, attribute in block.attributes.items():
        if block.kind == "module" and name == "source":
            continue
        place = _Place(scope, attribute.line, argument=name, is_value=block.kind == "locals")
        if name in _PATHS.get(what, ()) or (block.kind == "data" and name in _OF_DATA):
            yield from _path(name, attribute, scope)
        yield from _expression(attribute.value, place)
    for inside in block.blocks:
        yield from _block(inside, scope)


def _path(name: str, attribute: Attribute, scope: Scope) -> Iterator[Read]:
    """What an argument that is a path leads to."""
    value = attribute.value
    found = ex.texts(value, scope)
    if found is None and (listed := ex.items(value, scope)):
        found = listed[1]
    if found is not None:
        yield from (Read(attribute.line, path) for path in sorted(found))
    elif value is not None and not ex.is_made(value) and not ex.is_null(value):
        yield Read(attribute.line, unsaid=f"`{name}` names no file before Terraform runs: no digest would see it")


def _expression(node: Node, place: _Place) -> Iterator[Read]:
    """What is read by the calls and the texts of an expression."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _expression(key, place)
            yield from _expression(value, place)
    elif isinstance(node, list):
        for each in node:
            yield from _expression(each, place)
    elif is_plain(node):
        yield from _text(node, place)
        yield from _template(node, replace(place, argument="", fixed=True))
    elif isinstance(node, Tree):
        yield from _tree(node, place)


def _tree(node: Node, place: _Place) -> Iterator[Read]:
    if node.data in {"for_tuple_expr", "for_object_expr"}:
        intro, *rest = (
            child for child in node.children if isinstance(child, Tree) and child.data != "new_line_or_comment"
        )
        yield from _expression(intro, place)
        inside = replace(place, scope=ex.bound(intro, place.scope))
        for child in rest:
            yield from _expression(child, inside)
        return
    if node.data == "function_call":
        yield from _call(node, place)
        return
    if node.data in {"heredoc_template", "heredoc_template_trim", "template_string"}:
        yield from _template(str(node.children[0]), replace(place, line=place.of(node), argument="", fixed=True))
        return
    if node.data in {"string", "get_attr_expr_term", "identifier"}:
        yield from _text(node, place)
        place = replace(place, argument="")
    for child in node.children:
        yield from _expression(child, place) if isinstance(child, Tree) else ()


def _call(node: Node, place: _Place) -> Iterator[Read]:
    name, given = ex.called(node), ex.arguments(node)
    line = place.of(node)
    inside = replace(place, argument="") if name in _FILE | {"fileset", "jsonencode", "yamlencode"} else place
    if name == "templatestring":
        yield Read(
            line, unsaid="`templatestring` may call functions of a text that no digest holds", expected="`templatefile`"
        )
    elif name in _FILE or name == "fileset":
        found = ex.texts(given[0], place.scope) if given else None
        if found is None:
            yield Read(line, unsaid=f"`{name}` names no file before Terraform runs: no digest would see it")
        elif name == "fileset":
            yield from _fileset(line, sorted(found), ex.texts(given[1], place.scope) if len(given) > 1 else None)
        else:
            yield from (Read(line, path, is_template=name == "templatefile") for path in sorted(found))
    for each in given:
        yield from _expression(each, inside)


def _fileset(line: int, folders: list[str], patterns: ex.Texts) -> Iterator[Read]:
    """The folders in which a pattern is looked for."""
    if patterns is None or any(_CLIMBS.search(pattern) for pattern in patterns):
        yield Read(
            line,
            unsaid="`fileset` may leave its folder: no digest would see what it finds",
            expected="a pattern without `..`",
        )
        return
    for folder in folders:
        for pattern in sorted(patterns):
            fixed, _, _ = _GLOB.split(pattern, maxsplit=1)[0].rpartition("/")
            yield Read(line, f"{folder}/{fixed}")


def _text(node: Node, place: _Place) -> Iterator[Read]:
    """A text that may be a path: one that climbs, or lies at home, or is that of a file anywhere."""
    if not place.argument:
        return
    line, found = place.of(node), ex.texts(node, place.scope)
    if found is None:
        if place.is_value:
            return
        said = parts(node) if isinstance(node, Tree) and node.data == "string" else ()
        if any(isinstance(part, str) and _CLIMBS.search(part) for part in said):
            yield Read(line, unsaid="a path with `..` that cannot be named before Terraform runs")
        return
    for text in filter(_may_be_path, sorted(found)):
        climbs = _CLIMBS.search(text) or _LEFT_OUT.search(text) or text.startswith("~/")
        named = place.is_given or _LIKE_A_PATH.fullmatch(place.argument)
        absolute = text.startswith("/") and named and Path(text).is_file()
        if climbs or absolute:
            yield Read(line, text, optional=place.is_value)


def _may_be_path(text: str) -> bool:
    """Whether the system would take a text for a path."""
    short = len(text) < _LONGEST and all(len(part.encode()) <= _LONGEST_NAME for part in text.split("/"))
    return short and not {"\n", "\0"} & set(text)


def _template(text: str, place: _Place) -> Iterator[Read]:
    for part in template(text):
        if part is None:
            yield Read(
                place.line, unsaid="an expression in a template that cannot be read here", expected="a simpler one"
            )
        elif not isinstance(part, str):
            yield from _expression(part, place)
