"""`${name}` in the sections of an engagement."""

import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

_PLACEHOLDER = re.compile(r"(?<!\$)\$\{(\w+)\}")


def fill(value: JsonValue, values: Mapping[str, JsonValue]) -> JsonValue:
    """Fill placeholders in, at any depth. A text that is one placeholder takes its value's type.

    Unknown names stay as they are (the loader reports them); `$${` is written for a literal `${`.
    """
    if isinstance(value, str):
        whole = _PLACEHOLDER.fullmatch(value)
        if whole and whole[1] in values:
            return values[whole[1]]
        filled = _PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), value)
        return filled.replace("$${", "${")
    if isinstance(value, list):
        return [fill(each, values) for each in value]
    if isinstance(value, dict):
        return {key: fill(each, values) for key, each in value.items()}
    return value


def names(value: JsonValue) -> set[str]:
    """Names of the placeholders in a value, at any depth."""
    return {found[1] for text in _texts(value) for found in _PLACEHOLDER.finditer(text)}


def _texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
