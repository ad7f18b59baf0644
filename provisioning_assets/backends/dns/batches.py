"""Changes in batches: what has to stay together, and what is told when a write ends before its last batch."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import groupby

from provisioning_assets.core.plan import Action, Change
from provisioning_assets.errors import ApplyFailed, ProvisioningError

_SPANS = 20


def by_name(changes: Iterable[Change]) -> list[list[Change]]:
    """Changes of one name together, its deletes first: a CNAME makes room for other types, and they for it."""
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.address.rpartition(" ")[0], []).append(change)
    return [sorted(group, key=lambda change: change.action is not Action.DELETE) for group in groups.values()]


@dataclass
class Progress:
    """How far a write has come."""

    left: list[Change]
    """What is not written; what is in flight is part of it."""
    written: list[Change] = field(default_factory=list)
    in_flight: list[Change] = field(default_factory=list)
    """Sent, and not answered yet."""

    def arrived(self) -> None:
        """What was in flight is written."""
        addresses = {change.address for change in self.in_flight}
        self.left = [change for change in self.left if change.address not in addresses]
        self.written, self.in_flight = [*self.written, *self.in_flight], []

    def stopped(self, zone: str, error: ProvisioningError) -> ApplyFailed:
        """The error, with the addresses that are in, those that are not, and those of which nobody knows."""
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
    """Addresses as spans of the sorted whole: `a … f (12), k`."""
    found = [list(span) for inside, span in groupby(sorted(among), key=addresses.__contains__) if inside]
    shown = [span[0] if len(span) == 1 else f"{span[0]} … {span[-1]} ({len(span)})" for span in found]
    return ", ".join([*shown[:_SPANS], *(["…"] if len(shown) > _SPANS else [])])
