"""Terraform's files as data, whether they are HCL or JSON.

https://developer.hashicorp.com/terraform/language/syntax/json
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import hcl2
from lark.exceptions import LarkError

from provisioning_assets.errors import ConfigurationError, Problem


def files(folder: Path) -> list[Path]:
    """The files of a module that Terraform reads."""
    found = (*folder.glob("*.tf"), *folder.glob("*.tf.json"))
    return sorted(file for file in found if not file.name.startswith("."))


def blocks(file: Path, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and body of each block of a kind with one label: `module`, `variable`.

    `ConfigurationError` names the line of a file that cannot be parsed, or a broken symbolic link.
    """
    is_json = file.suffix == ".json"
    try:
        found = _parsed(file.read_text(encoding="utf-8"), is_json).get(kind, [])
    except (LarkError, ValueError) as error:
        line, column = getattr(error, "line", getattr(error, "lineno", 0)), getattr(error, "column", 0)
        what = f"this is not {'JSON' if is_json else 'HCL'}"
        raise ConfigurationError([Problem(str(file), line, column, what)]) from None
    except OSError as error:
        expected = "a file, or a link to one"
        what = f"this cannot be read: {error.strerror}"
        raise ConfigurationError([Problem(str(file), 0, 0, what, expected)]) from None
    # In JSON, a single mapping may replace the list of blocks.
    for block in found if isinstance(found, list) else [found]:
        for name, body in block.items():
            yield name.strip('"'), body


def closure(root: Path) -> set[Path]:
    """The root's folder and every local module folder that it reaches, whether it exists or not."""
    found: set[Path] = set()
    waiting = [root.resolve()]
    while waiting:
        folder = waiting.pop()
        if folder in found:
            continue
        found.add(folder)
        for file in files(folder):
            for _, module in blocks(file, "module"):
                source = str(module.get("source", "")).strip('"')
                if source.startswith("."):
                    waiting.append((folder / source).resolve())
    return found


@cache
def _parsed(text: str, is_json: bool) -> Mapping[str, Any]:  # noqa: FBT001 - half of the cache's key
    """The parsed text; cached, because parsing takes 20 ms per file and each command needs the root's variables."""
    document: Mapping[str, Any] = json.loads(text) if is_json else hcl2.loads(text)
    return document
