"""Texts with expressions in them: the parts of quoted texts, and of templates (here-documents, files, texts of JSON).

https://developer.hashicorp.com/terraform/language/expressions/strings
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import TypeGuard

import hcl2
from lark import Token, Tree
from lark.exceptions import LarkError

from provisioning_assets.backends.infrastructure.terraform.hcl import Node, unescaped

_DIRECTIVE = re.compile(r"\s*(?:if\s|for\s+[\w-]+\s*(?:,\s*[\w-]+\s*)?in\s|(?:else|endif|endfor)\b)")


def is_plain(node: Node) -> TypeGuard[str]:
    """Whether it is a text of JSON, or of a template."""
    return isinstance(node, str) and not isinstance(node, Token)


def parts(node: Node) -> Iterator[str | Node]:
    """The parts of a text in quotes: texts, and expressions."""
    for part in node.children:
        if not isinstance(part, Tree):
            continue
        (child,) = part.children
        if isinstance(child, Token):
            escaped = child.type in {"ESCAPED_INTERPOLATION", "ESCAPED_DIRECTIVE"}
            yield str(child)[1:] if escaped else unescaped(str(child))
        else:
            inner = [each for each in child.children if isinstance(each, Tree)]
            yield inner[0] if child.data == "interpolation" else None


@cache
def template(text: str) -> tuple[str | Node, ...]:
    """The parts of a template: of a file, a here-document, or a text of JSON. None is a part that cannot be read."""
    found: list[str | Node] = []
    rest = 0
    for begin in re.finditer(r"(?<!\$)\$\{|(?<!%)%\{", text):
        if begin.start() < rest:
            continue
        end = _end(text, begin.end())
        found += [text[rest : begin.start()]] if begin.start() > rest else []
        found.append(_expression(text[begin.end() : end], directive=begin[0] == "%{"))
        rest = end + 1
    return (*found, text[rest:]) if rest < len(text) or not found else tuple(found)


def _end(text: str, start: int) -> int:
    """Where the brace of an expression closes; braces in its texts do not count, those of their expressions do."""
    depth, position = 1, start
    while position < len(text):
        here = text[position]
        if here == '"':
            position = _after_text(text, position + 1)
            continue
        depth += {"{": 1, "}": -1}.get(here, 0)
        if not depth:
            return position
        position += 1
    return position


def _after_text(text: str, position: int) -> int:
    while position < len(text) and text[position] != '"':
        if text.startswith(("$${", "%%{"), position):
            position += 3
        elif text.startswith(("${", "%{"), position):
            position = _end(text, position + 2) + 1
        else:
            position += 2 if text[position] == "\\" else 1
    return position + 1


def _expression(text: str, *, directive: bool) -> Node:
    """The tree of an expression in a template; None for one that cannot be read, empty for a directive without one."""
    text = text.removeprefix("~").removesuffix("~")
    if directive:
        word = _DIRECTIVE.match(text)
        if word is None:
            return None
        if word[0].strip() in {"else", "endif", "endfor"}:
            return ""
        text = text[word.end() :]
    try:
        (body,) = hcl2.parses_to_tree(f"x = {text.strip()}").children
    except (LarkError, ValueError):
        return None
    found = [each for each in body.children if isinstance(each, Tree) and each.data == "attribute"]
    # Its value is the branch of nothing else: what a directive repeats or leaves out cannot be said.
    return _Unsaid("unsaid", [found[0].children[2]]) if directive else found[0].children[2]


class _Unsaid(Tree[Token]):
    """An expression that decides over texts, and is none."""
