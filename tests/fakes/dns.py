"""DNS zones in memory."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.dns.records import as_planned
from provisioning_assets.core.plan import Attributes, Change, Json
from provisioning_assets.errors import ApplyFailed, ProviderFailed, Unreachable

ADDRESS = "memory"


class MemoryDns:
    """A dictionary of RRsets for each zone that was made. Nobody serves its zones."""

    def __init__(self, *, away: bool = False) -> None:
        self._zones: dict[str, dict[str, Attributes]] = {}
        self._away = away

    @classmethod
    def open(cls, _settings: Any, _access: Access) -> Self:
        """No zone."""
        return cls()

    def reach(self) -> None:
        """Nothing, unless a test made it go away."""
        if self._away:
            raise Unreachable("DNS", ADDRESS)

    def identity(self) -> Mapping[str, Json]:
        """The same for all of them."""
        return {"memory": "dns"}

    def make_zone(self, zone: str) -> None:
        """Make an empty zone, as a stage of the infrastructure does elsewhere."""
        self._zones.setdefault(zone, {})

    def read(self, zone: str) -> Mapping[str, Attributes]:
        """Every RRset of the zone."""
        return dict(self._rrsets(zone))

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        """All or none, and only where a record is as it was planned."""
        there = dict(self._rrsets(zone))
        if moved := [change.address for change in changes if not as_planned(change, there.get(change.address))]:
            what = "records are not as they were when the change was planned"
            raise ApplyFailed(what, where=", ".join(moved), remedy="plan again")
        if outside := [each.address for each in changes if not f".{each.address.split()[0]}".endswith(f".{zone}")]:
            raise ApplyFailed(f"records lie outside the zone {zone}", where=", ".join(outside), remedy="correct them")
        for change in changes:
            there.pop(change.address, None)
            if change.after is not None:
                there[change.address] = dict(change.after)
        self._zones[zone] = there

    def name_servers(self, zone: str) -> Sequence[str]:
        """A name that does not exist."""
        self._rrsets(zone)
        return [f"ns.{zone}"]

    def _rrsets(self, zone: str) -> dict[str, Attributes]:
        if zone not in self._zones:
            raise ProviderFailed(f"there is no zone {zone} in memory", remedy="apply the stage that makes it")
        return self._zones[zone]
