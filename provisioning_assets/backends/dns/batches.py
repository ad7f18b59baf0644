"""Changes in batches: what must stay together, and what is reported when a write stops before its last batch."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import groupby

from provisioning_assets.core.plan import Action, Change
from provisioning_assets.errors import ApplyFailed, ProvisioningError

_SPANS = 20


def by_name(changes: Iterable[Change]) -> list[list[Change]]:
    """Changes grouped by name, deletes first: a CNAME cannot exist beside other types."""
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.address.rpartition(" ")[0], []).append(change)
    return [sorted(group, key=lambda change: change.action is not Action.DELETE) for group in groups.values()]


@dataclass
class Progress:
    """How far a write has got."""

    left: list[Change]
    """Changes that are not known to be written, including those in flight."""
    written: list[Change] = field(default_factory=list)
    in_flight: list[Change] = field(default_factory=list)
    """Changes that were sent and not answered yet."""

    def arrived(self) -> None:
        """The changes in flight are written."""
        addresses = {change.address for change in self.in_flight}
        self.left = [change for change in self.left if change.address not in addresses]
        self.written, self.in_flight = [*self.written, *self.in_flight], []

    def stopped(self, zone: str, error: ProvisioningError) -> ApplyFailed:
        """The error, with the addresses that are written, those that are not, and those that are unknown."""
        everything = [change.address for change in [*self.written, *self.left]]
        written, unknown = ({change.address for change in some} for some in (self.written, self.in_flight))
        sides = {"written": written, "not known": unknown, "not written": set(everything) - written - unknown}
        told = [f"{side}: {_spans(some, everything)}" for side, some in sides.items() if some]
        begun = bool(written or unknown)
        count = f"{len(written)} of {len(everything)} changes of {zone} are written" if begun else "nothing was written"
        return ApplyFailed(
            f"{error.what}; {count}",
            where=error.where,
            cause="; ".join(filter(None, [error.cause, *(told if begun else ())])),
            remedy=error.remedy or "run again: it goes on with what is left",
        )


def _spans(addresses: Collection[str], among: Iterable[str]) -> str:
    """Addresses, abbreviated to spans of the sorted whole: `a … f (12), k`."""
    found = [list(span) for inside, span in groupby(sorted(among), key=addresses.__contains__) if inside]
    shown = [span[0] if len(span) == 1 else f"{span[0]} … {span[-1]} ({len(span)})" for span in found]
    return ", ".join([*shown[:_SPANS], *(["…"] if len(shown) > _SPANS else [])])
