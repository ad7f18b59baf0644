"""Terraform's diagnostics as our errors: address, file, line and source, without secrets.

Of the values that Terraform tells beside the source, what says none is shown (`is null`, a list's length), and those of
the root's own variables that are not sensitive. Any other may be secret without being marked so: a module's variable
may hold what a resource made.

Format: https://developer.hashicorp.com/terraform/internals/machine-readable-ui#diagnostic
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from provisioning_assets.backends.infrastructure import StageRoot, StateLocked
from provisioning_assets.backends.infrastructure.terraform import root
from provisioning_assets.core.plan import SENSITIVE, Json
from provisioning_assets.errors import ProviderFailed

Diagnostic = Mapping[str, Json]

_NO_VALUE = re.compile(
    r"is (null|true|false|empty [\w ]+|(list|map|object|set|tuple)[\w ]* with \w+ (attribute|element)s?"
    r"|an? [\w ]+, known only after apply)|will be known only after apply"
)
_SCALAR = re.compile(r'is (-?[\d.]+|"[^"\\]*")')
_VARIABLE = re.compile(r"var\.([\w-]+)(?![\w-])")

_REMEDY = "correct what it names, then run again: what was done is in the state, the rest is done next"


def error(
    kind: type[ProviderFailed], command: str, stage: StageRoot, errors: Sequence[Diagnostic], secrets: Iterable[str]
) -> ProviderFailed:
    """The error for a command that failed, such as `tofu plan`; `StateLocked` when another one holds the state."""
    for each in errors:
        if "acquiring the state lock" in each["summary"] and "Lock Info" in each.get("detail", ""):
            return _locked(stage, each["detail"])
    places = dict.fromkeys(place for each in errors if (place := _place(stage, each)))
    words = "\n".join(_words(stage, each) for each in errors)
    return kind(
        f"{command} of {stage.name} failed",
        where=", ".join(places),
        cause=redacted(words, secrets) or "it ended without a word",
        remedy=_REMEDY,
    )


def redacted(text: str, secrets: Iterable[str]) -> str:
    """The text without the values of sensitive variables."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, SENSITIVE)
    return text


def _place(stage: StageRoot, diagnostic: Diagnostic) -> str:
    """`file:line`, relative to the working folder if the file is below it."""
    source = diagnostic.get("range")
    if not source:
        return ""
    path = Path(os.path.normpath(stage.root / source["filename"]))
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}:{source['start']['line']}"


def _words(stage: StageRoot, diagnostic: Diagnostic) -> str:
    """Summary, detail, address, place and the lines of source that Terraform quotes."""
    lines = [diagnostic["summary"]]
    lines += [f"  {line}" for line in diagnostic.get("detail", "").strip().splitlines()]
    if diagnostic.get("address"):
        lines.append(f"  with {diagnostic['address']}")
    snippet, place = diagnostic.get("snippet"), _place(stage, diagnostic)
    if place:
        lines.append(f"  on {place}" + (f", in {snippet['context']}" if snippet and snippet.get("context") else ""))
    if snippet:
        numbered = enumerate(snippet["code"].splitlines(), snippet["start_line"])
        lines += [f"    {number}: {line}" for number, line in numbered]
        lines += [f"    {value}" for value in _values(stage, diagnostic)]
    return "\n".join(lines)


def _values(stage: StageRoot, diagnostic: Diagnostic) -> Iterator[str]:
    """What the expressions of the source were, as far as it cannot be a secret: `var.domain is "shop.example"`."""
    in_root = not Path(diagnostic.get("range", {}).get("filename", "/")).parent.name
    shown = {name for name, variable in root.variables(stage.root).items() if in_root and not variable.sensitive}
    for value in diagnostic["snippet"].get("values") or []:
        named = _VARIABLE.match(value["traversal"])
        if _NO_VALUE.fullmatch(value["statement"]) or (
            named and named[1] in shown and _SCALAR.fullmatch(value["statement"])
        ):
            yield f"{value['traversal']} {value['statement']}"


def _locked(stage: StageRoot, detail: str) -> StateLocked:
    told = dict(re.findall(r"^\s*(ID|Who|Operation|Created):\s*(\S.*?)\s*$", detail, flags=re.MULTILINE))
    who, what, since = told.get("Who", "somebody"), told.get("Operation", "something"), told.get("Created", "?")
    return StateLocked(
        stage.name,
        f"{who}, {what}, since {since}, lock {told.get('ID')}",
        lock_id=told.get("ID", ""),
        host=who.rpartition("@")[2],
        created=_time(since),
    )


def _time(text: str) -> datetime | None:
    """Parse a time in Go's format: `2026-01-02 15:04:05.123456789 +0000 UTC`."""
    found = re.match(r"(\S+ \d\d:\d\d:\d\d)(\.\d+)? \+0000 UTC", text)
    return datetime.fromisoformat(found[1] + (found[2] or "")[:7]).replace(tzinfo=UTC) if found else None
