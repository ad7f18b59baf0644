"""What the models know at a place of the file: keys, and products to choose from."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.backend import Settings
from provisioning_assets.engagement.places import Place
from provisioning_assets.engagement.products import BARE, FULL, Choice, choice_of


def place_of(location: Place) -> Place:
    """Where an error is in the file: pydantic's place without the form that was read."""
    return tuple(step for step in location if not _form(step) and step != "[key]")


def keys_at(model: type[BaseModel], location: Place) -> Mapping[str, FieldInfo]:
    """The keys that may stand where an error is: those of the product that was chosen, or of the model there."""
    settings = chosen(model, location)
    return keys_of(settings[0] if settings else _model_at(model, location[:-1])[0])


def keys_of(model: type[BaseModel] | None) -> Mapping[str, FieldInfo]:
    """The keys of a model, as the file has them."""
    return {field.alias or name: field for name, field in model.model_fields.items()} if model else {}


def chosen(model: type[BaseModel], location: Place) -> tuple[type[Settings], bool] | None:
    """The settings that an error is about, and whether only their name was written; None for other errors."""
    for position, step in enumerate(location):
        form = _form(step)
        choice = choice_at(model, place_of(location[:position])) if form else None
        if form and choice:
            return catalogue.product(choice.kind, str(step).removeprefix(form)).settings, form == BARE
    return None


def choice_at(model: type[BaseModel], place: Place) -> Choice | None:
    """The choice of a product at a place of the file."""
    _, field = _model_at(model, place)
    return choice_of(field) if field else None


def _model_at(model: type[BaseModel], place: Place) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The model whose keys stand below a place, and the field that is there."""
    current: type[BaseModel] | None = model
    field: FieldInfo | None = None
    for step in (step for step in place if isinstance(step, str)):
        field = keys_of(current).get(step)
        current = _model_in(field.annotation) if field else current  # no key: a name of one's own
    return current, field


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as `tuple[Record, ...]` or `dict[str, Difference]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part)) is not None), None)


def _form(step: object) -> str:
    return next((form for form in (BARE, FULL) if isinstance(step, str) and step.startswith(form)), "")
