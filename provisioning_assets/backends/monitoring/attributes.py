"""Attributes of monitoring, as every product of it makes them."""

from collections.abc import Mapping

from provisioning_assets.core.plan import Change, Json


def agreed(values: Mapping[str, Json]) -> Json:
    """The one value of an attribute, or each route's own."""
    first, *others = values.values()
    return first if all(other == first for other in others) else dict(values)


def kind_and_name(change: Change) -> tuple[str, str]:
    """Both parts of a change's address."""
    kind, _, name = change.address.partition(" ")
    return kind, name
