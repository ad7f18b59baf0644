"""Documents of configuration: many keys in one text of JSON, in which others may keep keys, too."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from provisioning_assets.core.plan import SENSITIVE, Attributes, Change, Json
from provisioning_assets.errors import ApplyFailed, ProviderFailed

Document = dict[str, Any]

ATTEMPTS = 5
"""How often a write begins anew when somebody else has written the document meanwhile."""

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_EXACT = 2**53
"""From here on, not every client reads a number as it is written."""


class NoDocument(ValueError):
    """What was read is no document of this product; the text says why, without its content."""


class Entries(Protocol):
    """The entries of one document, by name."""

    def read(self, prefix: str) -> dict[str, Attributes]:
        """Each of them as a key below the prefix; those of others are unmanaged."""
        ...

    def keeper(self, name: str) -> str | None:
        """The prefix from which an entry comes; None for one that is not of our making, or not there."""
        ...

    def put(self, prefix: str, name: str, value: str) -> None:
        """Write an entry of ours."""
        ...

    def drop(self, name: str) -> None:
        """Remove an entry."""
        ...


def parsed(content: bytes) -> Document:
    """An object of JSON. Whatever a client would refuse, or writing it again would change, raises `NoDocument`."""
    try:
        found = json.loads(content.decode(), object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite)
    except UnicodeDecodeError:
        raise NoDocument("it is not text (UTF-8)") from None
    except json.JSONDecodeError as error:
        raise NoDocument(f"it is no JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NoDocument("it is nested too deeply") from None
    if not isinstance(found, dict):
        raise NoDocument("it is no object of JSON")
    return found


def written(document: Document) -> bytes:
    """The document as text."""
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def typed(text: str) -> Json:
    """The value of a text: true and false, numbers as JSON writes them, else the text."""
    if text in {"true", "false"}:
        return text == "true"
    if _NUMBER.fullmatch(text):
        number = json.loads(text)
        # Only if a client that reads it writes the same text again.
        if abs(number) < _EXACT and json.dumps(number) == text:
            return number
    return text


def text(value: Json) -> str:
    """The text of a value."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def carry_out(entries: Entries, prefix: str, changes: Sequence[Change]) -> None:
    """Change the entries; raises where somebody else has written what the changes are about."""
    live = entries.read(prefix)
    for change in changes:
        at, name = live.get(change.address), change.address.removeprefix(f"{prefix}/")
        if change.after is None:
            if at is not None and not at.get("unmanaged"):
                _require_unchanged(change, at)
                entries.drop(name)
            continue
        if at == change.after:
            continue
        if not change.after["value"]:
            raise ApplyFailed("the value is empty", where=change.address, remedy="give it one, or drop the key")
        _require_unchanged(change, at)
        _require_ours(change.address, prefix, entries.keeper(name))
        entries.put(prefix, name, change.after["value"])


def until_written(attempt: Callable[[], bool], where: str) -> None:
    """Attempt a write until nobody else was faster; every failure is `ApplyFailed`."""
    try:
        if any(attempt() for _ in range(ATTEMPTS)):
            return
    except ApplyFailed:
        raise
    except ProviderFailed as error:
        raise ApplyFailed(error.what, where=error.where, cause=error.cause, remedy=error.remedy) from None
    raise ApplyFailed(
        "somebody else writes the document all the time",
        where=where,
        cause=f"{ATTEMPTS} writes found another version than they had read",
        remedy="find out who does, then run again",
    )


def _require_unchanged(change: Change, at: Attributes | None) -> None:
    """Require that an entry is as it was when the change was planned."""
    before = change.before
    if before is None or at is None:
        same = before is None and at is None
    else:
        same = all(value in (SENSITIVE, at.get(name)) for name, value in before.items())
    if not same:
        raise ApplyFailed(
            "somebody else has changed the key since the plan",
            where=change.address,
            remedy="plan again, and ask who did",
        )


def _require_ours(address: str, prefix: str, keeper: str | None) -> None:
    """Require that no other environment keeps the entry; one that nobody marked is taken over."""
    if keeper not in {None, prefix}:
        raise ApplyFailed(
            "another environment keeps this key in the same document",
            where=address,
            cause=f"it comes from {keeper}",
            remedy="give each environment a document of its own: ${environment} in its name",
        )


def _unique(pairs: list[tuple[str, Json]]) -> Document:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for position, (key, _) in enumerate(pairs) if key in [each for each, _ in pairs[:position]])
        raise NoDocument(f"it has the key `{twice}` twice in one place")
    return found


def _no_number(text: str) -> Json:
    raise NoDocument(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise NoDocument("it has a number that is too large")
    return number
