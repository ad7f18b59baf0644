"""What a product holds of an environment's certificates: which of them an order means."""

from collections.abc import Iterable, Sequence

from provisioning_assets.backends.certificates import Held


def fitting(held: Iterable[Held], name: str, names: Sequence[str]) -> Held | None:
    """The one that an order of these names means: an issued one first, of those a renewed one, then the oldest."""
    found = [each for each in held if each.name == name and each.names == tuple(sorted(names)) and each.state != "lost"]
    return min(found, key=lambda each: (each.state != "issued", bool(each.told)), default=None)
