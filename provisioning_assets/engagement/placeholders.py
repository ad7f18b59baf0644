"""`${name}` in the sections of an engagement and in the files that it names; `$${` stands for a literal `${`."""

import json
import re
from collections.abc import Mapping

from provisioning_assets.core.plan import Json

BUILT_IN = ("engagement", "environment", "region")
"""Names that are always there; the others are the declared differences."""

_TOKEN = re.compile(r"\$\$\{|\$\{(\w+)\}")
_MALFORMED = re.compile(r"(?<!\$)\$\{(?!\w+\})[^}\s]*\}?")


def fill(value: Json, values: Mapping[str, Json]) -> Json:
    """Fill placeholders in, at any depth, in one pass: what is filled in is not looked at again.

    A text that is one placeholder takes its value's type. An unknown name stays as it is.
    """
    if isinstance(value, str):
        whole = _TOKEN.fullmatch(value)
        if whole and whole[1] in values:
            return values[whole[1]]
        return _TOKEN.sub(lambda found: _text(found, values), value)
    if isinstance(value, list):
        return [fill(each, values) for each in value]
    if isinstance(value, dict):
        return {key: fill(each, values) for key, each in value.items()}
    return value


def names(text: str) -> set[str]:
    """Names of the placeholders in a text."""
    return {found[1] for found in _TOKEN.finditer(text) if found[1]}


def malformed(text: str) -> list[str]:
    """What begins like a placeholder and is none, such as `${my-domain}` or one that is not closed."""
    return _MALFORMED.findall(text)


def _text(found: re.Match[str], values: Mapping[str, Json]) -> str:
    if found[1] is None:
        return "${"
    if found[1] not in values:
        return found[0]
    value = values[found[1]]
    return value if isinstance(value, str) else json.dumps(value)
