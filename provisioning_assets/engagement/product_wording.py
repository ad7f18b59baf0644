"""What is wrong with a product that an engagement file chooses, in plain words."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.backend import Settings
from provisioning_assets.engagement.placeholders import malformed, names
from provisioning_assets.engagement.places import Place, Wrong
from provisioning_assets.engagement.products import BARE, FULL, Choice

TAG_ERRORS = {"union_tag_invalid", "union_tag_not_found"}


def place_of(location: Place) -> Place:
    """Where an error is in the file: pydantic's place without the form that was read."""
    return tuple(step for step in location if not _form(step))


def chosen(model: type[BaseModel], location: Place) -> tuple[type[Settings], bool] | None:
    """The settings that an error is about, and whether only their name was written; None for other errors."""
    for position, step in enumerate(location):
        form = _form(step)
        choice = choice_at(model, place_of(location[:position])) if form else None
        if form and choice:
            return catalogue.product(choice.kind, str(step).removeprefix(form)).settings, form == BARE
    return None


def tag_problem(choice: Choice, place: Place, written: Any) -> Wrong:
    """What is wrong with the name of a product, which stands alone or among the product's own keys."""
    known = [each.name for each in catalogue.of_kind(choice.kind)]
    here, name = ((*place, "name"), written.get("name")) if isinstance(written, dict) else (place, written)
    if not isinstance(name, str):
        return Wrong(here, "it names no product, alone or as `name` beside the product's own keys", choices=known)
    if names(name) or malformed(name):
        what = f"`{name}` cannot choose the product: its name is the same in every environment"
        return Wrong(here, what, choices=known)
    return Wrong(here, f"there is no {choice.kind.value} product `{name}`", choices=known, written=name)


def choice_at(model: type[BaseModel], place: Place) -> Choice | None:
    """The choice of a product at a place of the file."""
    field: FieldInfo | None = None
    current: type[BaseModel] | None = model
    for step in place:
        if isinstance(step, int):
            continue
        fields = current.model_fields if current else {}
        field = next((each for name, each in fields.items() if step in {name, each.alias}), None)
        current = next(_models_in(field.annotation), None) if field else None
    return next((each for each in field.metadata if isinstance(each, Choice)), None) if field else None


def _form(step: object) -> str:
    return next((form for form in (BARE, FULL) if isinstance(step, str) and step.startswith(form)), "")


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
