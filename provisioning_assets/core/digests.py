"""Digests of what an asset is made from: computed from files alone, before any apply.

`content` ties evidence to one environment's exact input. `shared` leaves out the environment and the
values of declared differences: two environments with an equal `shared` digest were built from the same
thing, which is what makes a proof in staging count for production.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from provisioning_assets.core.plan import Json, digest

SCHEMA = 3
Leaves = Mapping[str, str]
"""Path of each leaf of an input to the digest of its value."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What an asset is made from: as this environment has it, and as all environments share it."""

    own: Json
    shared: Json


@dataclass(frozen=True, slots=True)
class Digests:
    """Both digests of one asset, with the leaves that explain a later difference."""

    content: str
    shared: str
    content_leaves: Leaves
    shared_leaves: Leaves


def combine(inputs: Inputs, *, environment: Mapping[str, Json], upstream: Mapping[str, Digests]) -> Digests:
    """Digests of an asset from its own inputs, the settings of its environment, and the assets before it."""
    content_leaves = {
        **leaves(inputs.own),
        **leaves(environment, "environment"),
        "schema": digest(SCHEMA),
        **{f"upstream.{name}": d.content for name, d in upstream.items()},
    }
    shared_leaves = {
        **leaves(inputs.shared),
        "schema": digest(SCHEMA),
        **{f"upstream.{name}": d.shared for name, d in upstream.items()},
    }
    return Digests(digest(content_leaves), digest(shared_leaves), content_leaves, shared_leaves)


def leaves(value: Json, path: str = "") -> dict[str, str]:
    """Flatten a JSON value to the digests of its leaves; an empty list or mapping is a leaf."""
    if isinstance(value, Mapping) and value:
        items = ((f"{path}.{_escaped(key)}" if path else _escaped(key), child) for key, child in value.items())
    elif isinstance(value, (list, tuple)) and value:
        items = ((f"{path}[{position}]", child) for position, child in enumerate(value))
    else:
        return {path: digest(value)}
    return {leaf: hashed for name, child in items for leaf, hashed in leaves(child, name).items()}


def _escaped(key: object) -> str:
    """A key in which the marks of a path cannot be mistaken: two inputs must not share a leaf's name."""
    return str(key).replace("~", "~0").replace(".", "~1").replace("[", "~2") or "~3"


def first_difference(
    before: str, after: str, remembered: Callable[[str], Leaves | None], *, prefix: str = ""
) -> str | None:
    """Name of the first leaf in which two inputs differ, followed upstream; None when one is not remembered."""
    old, new = remembered(before), remembered(after)
    if old is None or new is None:
        return None
    for leaf in sorted(old.keys() | new.keys(), key=lambda name: (name.startswith("upstream."), name)):
        if old.get(leaf) == new.get(leaf):
            continue
        name = leaf.removeprefix("upstream.")
        if leaf in old and leaf in new and name != leaf:
            return first_difference(old[leaf], new[leaf], remembered, prefix=f"{prefix}{name}: ") or prefix + name
        return prefix + leaf.replace("~3", "").replace("~2", "[").replace("~1", ".").replace("~0", "~")
    return None
