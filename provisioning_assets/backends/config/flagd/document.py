"""A flag document of flagd: our values as flags in it, and everything else left as it was.

https://flagd.dev/reference/flag-definitions/
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from provisioning_assets.core.plan import Attributes, Json

Document = dict[str, Any]

_SCHEMA = "https://flagd.dev/schema/v0/flags.json"
_STATES = {"ENABLED", "DISABLED"}
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_EXACT = 2**53
"""From here on, not every client reads a number as it is written."""
_MARK = "provisioning"
"""In the metadata of a flag of ours: the prefix from which it comes."""


class NoDocument(ValueError):
    """What was read is no flag document; the text says why, without its content."""


def empty() -> Document:
    """A document without flags."""
    return {"$schema": _SCHEMA, "flags": {}}


def parsed(content: bytes) -> Document:
    """The document. Whatever a client of flagd would refuse, or writing it again would change, raises `NoDocument`."""
    try:
        found = json.loads(content.decode(), object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite)
    except UnicodeDecodeError:
        raise NoDocument("it is not text (UTF-8)") from None
    except json.JSONDecodeError as error:
        raise NoDocument(f"it is no JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NoDocument("it is nested too deeply") from None
    if not isinstance(found, dict) or not isinstance(found.get("flags"), dict):
        raise NoDocument("it has no object `flags`")
    for name, flag in found["flags"].items():
        if not isinstance(flag, dict) or flag.get("state") not in _STATES or not _variants(flag):
            raise NoDocument(f"`{name}` is no flag: it needs a `state` and `variants`")
    return found


def written(document: Document) -> bytes:
    """The document as text."""
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def flag(prefix: str, text: str) -> Document:
    """A flag that has this value for everybody: true and false, numbers as JSON writes them, else texts."""
    value = _typed(text)
    if isinstance(value, bool):
        variants, default = {"on": True, "off": False}, "on" if value else "off"
    else:
        variants, default = {"value": value}, "value"
    return {"state": "ENABLED", "variants": variants, "defaultVariant": default, "metadata": {_MARK: prefix}}


def kept_by(found: Document) -> str | None:
    """The prefix from which a flag comes; None for a flag that is not of our making."""
    metadata = found.get("metadata")
    mark = metadata.get(_MARK) if isinstance(metadata, dict) else None
    return mark if isinstance(mark, str) else None


def attributes(prefix: str, found: Document) -> Attributes:
    """What a flag holds: ours its value, another's all of it."""
    if kept_by(found) != prefix:
        whole = json.dumps(found, ensure_ascii=False, sort_keys=True)
        return {"value": whole, "otherwise": ["somebody else keeps it"], "unmanaged": True}
    default = found.get("defaultVariant")
    if not isinstance(default, str) or default not in found["variants"]:
        return {"value": "", "otherwise": ["it has no default variant"]}
    value = _text(found["variants"][default])
    return {"value": value, "otherwise": list(_otherwise(found, flag(prefix, value)))}


def _otherwise(found: Document, wanted: Mapping[str, Json]) -> Iterator[str]:
    if found.get("targeting"):
        yield "it has targeting rules"
    if found["state"] != wanted["state"]:
        yield f"its state is {found['state']}"
    # As text: Python takes 0 for false, and 600.0 for 600.
    if json.dumps(found["variants"], sort_keys=True) != json.dumps(wanted["variants"], sort_keys=True):
        yield f"it has other variants: {', '.join(found['variants'])}"
    if found["metadata"] != wanted["metadata"]:
        yield "it has more metadata"
    if more := found.keys() - wanted.keys() - {"targeting"}:
        yield f"it has more keys: {', '.join(sorted(more))}"


def _variants(flag: Document) -> bool:
    return isinstance(flag.get("variants"), dict) and bool(flag["variants"])


def _typed(text: str) -> Json:
    if text in {"true", "false"}:
        return text == "true"
    if _NUMBER.fullmatch(text):
        number = json.loads(text)
        # Only if a client that reads it writes the same text again.
        if abs(number) < _EXACT and json.dumps(number) == text:
            return number
    return text


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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
