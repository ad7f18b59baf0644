"""Content of a file as one of the models, and what is wrong with it."""

import copy
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.places import Place, Wrong, at
from provisioning_assets.engagement.wording import in_words

_SOMEBODY = {"name": "-", "email": "nobody@example.org"}
_PRESUMED: Mapping[str, Json] = {
    "schema": 1,
    "client": "-",
    "promotion": "incremental",
    "launch": {
        "freeze": "2026-01-01T00:00:00Z",
        "window": {"opens": "2026-01-02T00:00:00Z", "closes": "2026-01-03T00:00:00Z"},
    },
    "roles": {
        "launch_commander": _SOMEBODY,
        "operators": {"agency": [_SOMEBODY], "client": [_SOMEBODY]},
        "on_call": [_SOMEBODY],
    },
    "single_environment": {"owner": "-", "reason": "-"},
    "safety": {},
}
"""Stands in for what is wrong there, so that the rest of the file is judged in the same go; never used otherwise."""

_PRESUMED_OF_EACH: Mapping[tuple[str, str], Json] = {
    ("environments", "region"): "somewhere",
    ("environments", "profile"): None,
    ("environments", "account"): None,
    ("environments", "ledger"): None,
    ("differences", "owner"): "-",
    ("differences", "reason"): "-",
}
"""The same for keys of each environment and each difference."""

_KEY = 2
"""Where the key of an environment or of a difference stands in a place."""

M = TypeVar("M", bound=BaseModel)


def read(model: type[M], content: Json, *, filled: bool = True) -> tuple[M | None, list[Wrong]]:
    """The model, and what is wrong; both, when it can be read without its unknown keys and with presumed ones.

    Before filling (`filled` false), what a placeholder stands for is unknown and not judged.
    """
    try:
        return _strictly(model, content), []
    except ValidationError as error:
        readable = _readable(error, content)
        wrong = list(in_words(content, error, model, filled=filled))
    try:
        return _strictly(model, readable), wrong
    except ValidationError:
        return None, wrong


def _strictly(model: type[M], content: Json) -> M:
    """By way of JSON, where strict means no guess: 60 in quotes is no number, 90 is no period."""
    return model.model_validate_json(json.dumps(content), strict=True)


def _readable(error: ValidationError, content: Json) -> Json:
    """The content without its unknown keys, and with presumed ones for what is wrong there."""
    readable = copy.deepcopy(content)
    for detail in error.errors(include_url=False):
        if detail["loc"] and detail["loc"][0] in _PRESUMED:
            readable[detail["loc"][0]] = _PRESUMED[str(detail["loc"][0])]
        elif detail["type"] == "extra_forbidden":
            _drop(readable, detail["loc"])
        elif len(detail["loc"]) > _KEY and (detail["loc"][0], detail["loc"][_KEY]) in _PRESUMED_OF_EACH:
            each, key = at(readable, detail["loc"][:_KEY]), detail["loc"][_KEY]
            each[key] = _PRESUMED_OF_EACH[str(detail["loc"][0]), str(key)]
    return readable


def _drop(content: Json, place: Place) -> None:
    with suppress(KeyError, IndexError, TypeError):  # inside one of several forms the place is not the file's
        for step in place[:-1]:
            content = content[step]
        content.pop(place[-1])
