"""What is wrong with a product that an engagement file chooses, in plain words."""

from collections.abc import Mapping

from pydantic.fields import FieldInfo

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.backend import Settings
from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.placeholders import malformed, names
from provisioning_assets.engagement.places import Place, Wrong, at
from provisioning_assets.engagement.products import Choice, choice_of, needs
from provisioning_assets.engagement.validation.secret_values import looks_like


def no_product(choice: Choice, place: Place, written: Json) -> Wrong:
    """What is wrong with the name of a product, which stands alone or among the product's own keys."""
    known = [each.name for each in choice.products]
    here, name = ((*place, "name"), written.get("name")) if isinstance(written, dict) else (place, written)
    if not isinstance(name, str):
        return _misnamed(choice, place, written) or Wrong(
            here, "it names no product, alone or as `name` beside the product's own keys", choices=known
        )
    if looks_like(here, name):
        return Wrong(here, f"this is no {choice.kind.value} product", choices=known)
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
    what = (
        f"{settings.model_fields['name'].default} needs the key `{key}`: {settings.model_fields[str(key)].description}"
    )
    return Wrong(tuple(where), what, _with_keys(where[-1], settings))


def misplaced(content: Json, place: Place, keys: Mapping[str, FieldInfo]) -> Wrong | None:
    """What is wrong with an unknown key that a product has, among which one of the known keys beside it chooses."""
    *section, key = place
    for name, choice in ((name, choice_of(field)) for name, field in keys.items()):
        owners = [each for each in choice.products if key in each.settings.model_fields] if choice else []
        if owners and key != "name":
            written = at(content, (*section, name))
            now = written.get("name") if isinstance(written, dict) else written
            owner = next((each for each in owners if each.name == now), owners[0])
            what = f"the key `{key}` belongs to the product {owner.name}"
            return Wrong(place, what, _with_keys(name, owner.settings, str(key)))
    return None


def _misnamed(choice: Choice, place: Place, written: Json) -> Wrong | None:
    """What is wrong with a product whose name stands under another key than `name`."""
    own = {key for each in choice.products for key in each.settings.model_fields}
    for key, value in written.items() if isinstance(written, dict) else ():
        if key not in own and value in [each.name for each in choice.products]:
            form = f"`{place[-1]}: {{name: {value}{', …' if len(written) > 1 else ''}}}`"
            return Wrong((*place, key), f"the product is named by `name`, not by `{key}`", form)
    return None


def _with_keys(key: object, settings: type[Settings], *more: str) -> str:
    """How a product is chosen together with the keys that it needs, and with these."""
    keys = dict.fromkeys((*needs(settings), *more))
    return f"`{key}: {{name: {settings.model_fields['name'].default}, {', '.join(f'{each}: …' for each in keys)}}}`"
