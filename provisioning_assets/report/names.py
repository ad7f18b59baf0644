"""Names that people mistype: what they may have meant."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

Address = tuple[str, str, str]
"""Environment, asset and item."""

_SHOWN = 3


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Up to three known names, the most alike first; case and hyphens are no difference, a beginning is enough."""
    plain = {each.lower(): each for each in known}
    wanted = name.lower().replace("-", "_")
    begun = [each for each in plain if wanted and each.startswith(wanted)]
    close = get_close_matches(wanted, plain, n=_SHOWN)
    return [plain[each] for each in dict.fromkeys([*begun, *close])][:_SHOWN]


def one_of(name: str, known: Sequence[str]) -> str:
    """What to take instead: the nearest names and how many more there are; all of them when none is near."""
    near = nearest(name, known)
    return f"did you mean {_either(near)}? There are {', '.join(known)}" if near else f"one of {', '.join(known)}"


def fits(name: str, address: Address) -> bool:
    """Whether a name means this item: `item`, `asset/item`, or `environment/asset/item`."""
    return f"/{'/'.join(address)}".endswith(f"/{name}")


def meant(name: str, addresses: Sequence[Address]) -> str:
    """What a name is that is no item, or which environments and items are like it; empty when nobody can guess."""
    if any(environment == name for environment, *_ in addresses):
        return f"`{name}` is an environment."
    items = sorted({item for _, asset, item in addresses if asset == name})
    if items:
        return f"`{name}` is an asset; its items are {', '.join(items)}."
    own = name.rsplit("/", 1)[-1]
    of = sorted({f"{environment}/{asset}" for environment, asset, item in addresses if item == own})
    if of:
        return f"`{own}` is an item of {', '.join(of)}."
    likely = [*_likely(name, "environment", {each[0] for each in addresses})]
    likely += _likely(own, "item", {each[2] for each in addresses})
    likely += _likely(name, "asset", {each[1] for each in addresses}) if not likely else []
    return f"did you mean {' or '.join(likely)}?" if likely else ""


def _likely(name: str, kind: str, known: Iterable[str]) -> Iterator[str]:
    yield from (f"the {kind} `{each}`" for each in nearest(name, sorted(known)))


def _either(names: Iterable[str]) -> str:
    return " or ".join(f"`{each}`" for each in names)
