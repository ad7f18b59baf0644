"""A section as its digest sees it: what it is to hold, without what says nothing.

A setting at its default is left out, so that a new one changes no digest. A product is its name and its content,
however it is written; its address, keys and profile are identity, and differ between environments by nature.
"""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from provisioning_assets.backends import catalogue
from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.products import Choice, choice_of, identity_keys


def content_of(model: type[BaseModel], written: Mapping[str, Json]) -> dict[str, Json]:
    """The content of a mapping that is, or with its placeholders filled in would be, one of the model's."""
    found: dict[str, Json] = {}
    for name, field in model.model_fields.items():
        key = field.alias or name
        choice = choice_of(field)
        value = written.get(key, _default(field))
        if choice:
            found |= {key: _product(choice, value)} if value is not None else {}
        elif key in written:
            value = _nested(field.annotation, value)
            if field.is_required() or value != _nested(field.annotation, _default(field)):
                found[key] = value
    return found


def _nested(annotation: Any, value: Json) -> Json:
    models = _models(annotation)
    if len(models) != 1:
        return value  # plain, or one of several forms, which have no defaults
    if isinstance(value, list | tuple):
        return [content_of(models[0], each) if isinstance(each, Mapping) else each for each in value]
    return content_of(models[0], value) if isinstance(value, Mapping) else value


def _product(choice: Choice, value: Json) -> Json:
    settings = {"name": value} if isinstance(value, str) else dict(value)
    model = catalogue.product(choice.kind, settings["name"]).settings
    defaults = {name: _default(field) for name, field in model.model_fields.items() if name != "name"}
    told = sorted(defaults.keys() - identity_keys(model))
    return {
        "name": settings["name"],
        **{key: settings[key] for key in told if settings.get(key, defaults[key]) != defaults[key]},
    }


def _default(field: FieldInfo) -> Json:
    return None if field.is_required() else to_jsonable_python(field.get_default(call_default_factory=True))


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
