"""What is wrong with a product that an engagement file chooses, in plain words."""

from typing import Any

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.backend import Settings
from provisioning_assets.engagement.placeholders import malformed, names
from provisioning_assets.engagement.places import Place, Wrong
from provisioning_assets.engagement.products import Choice, needs


def no_product(choice: Choice, place: Place, written: Any) -> Wrong:
    """What is wrong with the name of a product, which stands alone or among the product's own keys."""
    known = [each.name for each in choice.products]
    here, name = ((*place, "name"), written.get("name")) if isinstance(written, dict) else (place, written)
    if not isinstance(name, str):
        return Wrong(here, "it names no product, alone or as `name` beside the product's own keys", choices=known)
    if names(name) or malformed(name):
        what = f"`{name}` cannot choose the product: its name is the same in every environment"
        return Wrong(here, what, choices=known)
    for other in catalogue.of_kind(choice.kind):
        if other.name == name and choice.requires:
            return Wrong(here, f"`{name}` cannot be chosen here: {other.lacks[choice.requires]}", choices=known)
    return Wrong(here, f"there is no {choice.kind.value} product `{name}`", choices=known, written=name)


def too_bare(settings: type[Settings], place: Place) -> Wrong:
    """What a product lacks of which only the name was written; the place is that of a key that it needs."""
    *where, key = place
    name, needed = settings.model_fields["name"].default, ", ".join(f"{each}: …" for each in needs(settings))
    what = f"{name} needs the key `{key}`: {settings.model_fields[str(key)].description}"
    return Wrong(tuple(where), what, f"`{where[-1]}: {{name: {name}, {needed}}}`")
