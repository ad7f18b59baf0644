"""DNS zones in memory."""

from collections.abc import Mapping, Sequence

from provisioning_assets.backends.dns.records import as_planned
from provisioning_assets.core.plan import Attributes, Change
from provisioning_assets.errors import ApplyFailed, ProviderFailed


class MemoryDns:
    """A dictionary of RRsets for each zone that was made. Nobody serves its zones."""

    def __init__(self) -> None:
        self._zones: dict[str, dict[str, Attributes]] = {}

    def make_zone(self, zone: str) -> None:
        """Make an empty zone, as a stage of the infrastructure does elsewhere."""
        self._zones.setdefault(zone, {})

    def read(self, zone: str) -> Mapping[str, Attributes]:
        """Every RRset of the zone."""
        return dict(self._rrsets(zone))

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        """All or none, and only where a record is as it was planned."""
        there = dict(self._rrsets(zone))
        for change in changes:
            if not as_planned(change, there.get(change.address)):
                what = "a record is not as it was when the change was planned"
                raise ApplyFailed(what, where=change.address, remedy="plan again")
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
