"""Terraform's files as data: HCL, or the same in JSON.

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
    return sorted((*folder.glob("*.tf"), *folder.glob("*.tf.json")))


def blocks(file: Path, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and body of each block of a kind with one label: `module`, `variable`.

    `ConfigurationError` names the line of a file that cannot be parsed.
    """
    found = _parsed(file, file.stat().st_mtime_ns).get(kind, [])
    # In JSON, one mapping may stand for the list of blocks.
    for block in found if isinstance(found, list) else [found]:
        for name, body in block.items():
            yield name.strip('"'), body


@cache
def _parsed(file: Path, _modified: int) -> Mapping[str, Any]:
    """Parsing takes 20 ms a file, and each command of Terraform asks for its root's variables."""
    parse = json.loads if file.suffix == ".json" else hcl2.loads
    try:
        document: Mapping[str, Any] = parse(file.read_text(encoding="utf-8"))
    except (LarkError, ValueError) as error:
        line, column = getattr(error, "line", getattr(error, "lineno", 0)), getattr(error, "column", 0)
        kind = "JSON" if file.suffix == ".json" else "HCL"
        raise ConfigurationError([Problem(str(file), line, column, f"this is not {kind}")]) from None
    return document
