"""Pydantic's errors in plain words, each at the place that it is about."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from provisioning_assets.core.plan import Json
from provisioning_assets.engagement import sections
from provisioning_assets.engagement.keys import choice_at, chosen, keys_at, place_of
from provisioning_assets.engagement.placeholders import malformed, names
from provisioning_assets.engagement.places import Place, Wrong, at
from provisioning_assets.engagement.product_wording import misplaced, no_product, too_bare
from provisioning_assets.engagement.validation.secret_values import looks_like

_DATE = "a date with time and offset, such as 2026-12-08T06:00:00+01:00"
_EXPECTED = {
    "string_type": "a text; in quotes if it looks like something else",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "time_delta_type": "a period such as P90D",
    "time_delta_parsing": "a period such as P90D",
    "datetime_type": _DATE,
    "datetime_parsing": _DATE,
    "datetime_from_date_parsing": _DATE,
    "timezone_aware": _DATE,
}
_LIMITS = {
    "greater_than_equal": ("ge", "at least {}"),
    "less_than_equal": ("le", "at most {}"),
    "too_short": ("min_length", "at least {} in the list"),
    "string_too_short": ("min_length", "at least {} character"),
    "string_too_long": ("max_length", "at most {} characters"),
    "literal_error": ("expected", "{}"),
}
_PATTERNS = {
    sections.NAME: "lower-case letters, digits and _, a letter first",
    sections.PART: "lower-case letters and digits with single _ between them, a letter first",
    sections.LABEL: "lower-case letters, digits and -",
}
_NO_PRODUCT = {"union_tag_invalid", "union_tag_not_found"}
_SHOWN = 60


def in_words(content: Json, error: ValidationError, model: type[BaseModel], *, filled: bool) -> Iterator[Wrong]:
    """What is wrong behind a validation error of the content.

    Before filling (`filled` false), what a placeholder stands for is unknown and not judged.
    """
    forms: dict[Place, dict[str, list[Any]]] = {}
    details = error.errors(include_url=False)
    misspelt = {
        (*loc[:-1], near)
        for loc in (detail["loc"] for detail in details if detail["type"] == "extra_forbidden")
        for near in difflib.get_close_matches(str(loc[-1]), _lacking(content, model, loc), n=1)
    }
    for detail in details:
        if detail["type"] == "missing" and detail["loc"] in misspelt:
            continue  # said at the key that was meant to be it
        if detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]:
            continue  # said at the items that were not counted
        if wrong := _of_product(content, detail, model):
            yield wrong
            continue
        if not filled and isinstance(detail.get("input"), str) and _open(detail["input"]):
            continue
        place = place_of(detail["loc"])
        choice = _choice(content, place)
        if choice is None:
            yield _one(place, detail, _lacking(content, model, detail["loc"]))
        else:
            forms.setdefault(place[:choice], {}).setdefault(str(place[choice]), []).append(detail)
    for place, by_form in forms.items():
        yield from _form(place, by_form)


def _of_product(content: Json, detail: Any, model: type[BaseModel]) -> Wrong | None:
    """What is wrong with the choice of a product, or with the place of its keys; None for other problems."""
    kind, location = detail["type"], detail["loc"]
    place = place_of(location)
    choice = choice_at(model, place)
    if choice and kind in _NO_PRODUCT:
        return no_product(choice, place, detail["input"])
    settings, bare = chosen(model, location) or (None, False)
    if settings and bare and kind == "missing":
        return too_bare(settings, place)
    return misplaced(content, place, keys_at(model, location)) if kind == "extra_forbidden" else None


def _lacking(content: Json, model: type[BaseModel], location: Place) -> Mapping[str, FieldInfo]:
    """The keys that may stand where an error is, and that the file does not have there."""
    there = at(content, place_of(location)[:-1])
    taken = there if isinstance(there, dict) else {}
    return {key: field for key, field in keys_at(model, location).items() if key not in taken}


def _open(text: str) -> bool:
    return bool(names(text) or malformed(text))


def _choice(content: Json, place: Place) -> int | None:
    """Where pydantic put the name of one of several forms into the place, if it did."""
    for position, step in enumerate(place):
        if isinstance(step, str) and hasattr(sections, step) and at(content, place[: position + 1]) is None:
            return position
    return None


def _form(place: Place, forms: dict[str, list[Any]]) -> Iterator[Wrong]:
    """A choice between forms: what is wrong in the one that was meant, or one sentence about the choice."""
    structural = {"missing", "extra_forbidden", "model_type"}
    for details in forms.values():
        if not any(detail["type"] in structural for detail in details):
            for detail in details:
                inner = (*place, *detail["loc"][len(place) + 1 :])
                yield _one(inner, detail, {})
            return
    keys = [key for form in forms for key in getattr(sections, form).model_fields]
    yield Wrong(place, f"{_called(place)} has none of its known forms", "one key of", choices=keys)


def _one(place: Place, detail: Any, lacking: Mapping[str, FieldInfo]) -> Wrong:
    """One error of pydantic's, at a place beside which these keys are lacking."""
    kind, last = detail["type"], str(place[-1]) if place else ""
    if kind == "missing":
        meant = lacking[last].description or "" if last in lacking else ""
        return Wrong(place[:-1], f"the key `{last}` is missing", meant.partition("\n")[0])
    if kind == "extra_forbidden":
        return Wrong(place, f"the key `{last}` is unknown", choices=lacking, written=last)
    context = detail.get("ctx", {})
    if kind == "string_pattern_mismatch":
        expected = _PATTERNS.get(context["pattern"], f"a text that matches {context['pattern']}")
    elif kind in _LIMITS:
        name, sentence = _LIMITS[kind]
        expected = sentence.format(context[name])
    elif kind == "value_error":
        expected = str(context["error"])
    else:
        expected = _EXPECTED.get(kind, detail["msg"])
    return Wrong(place, f"{_called(place)} is {_shown(place, detail['input'])}", expected)


def _called(place: Place) -> str:
    """The last key of a place, with the positions after it: `values[1]`."""
    called = ""
    for step in reversed(place):
        if isinstance(step, str):
            return f"`{step}{called}`"
        called = f"[{step}]{called}"
    return "the file"


def _shown(place: Place, value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict | list):
        return ("a mapping" if isinstance(value, dict) else "a list") if value else "empty"
    if "source" in place or (isinstance(value, str) and looks_like(place, value)):
        return "something else"  # it may be the secret itself
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
