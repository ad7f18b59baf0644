"""DNS zones in memory."""

from collections.abc import Mapping, Sequence

from provisioning_assets.plan import Attributes, Change


class MemoryDns:
    """A dictionary of RRsets a zone."""

    def __init__(self, region: str = "memory") -> None:
        self.region = region
        self._zones: dict[str, dict[str, Attributes]] = {}

    def read(self, zone: str) -> Mapping[str, Attributes]:
        """Every RRset of the zone."""
        return dict(self._zones.get(zone, {}))

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        """Carry the changes out."""
        rrsets = self._zones.setdefault(zone, {})
        for change in changes:
            if change.after is None:
                rrsets.pop(change.address, None)
            else:
                rrsets[change.address] = dict(change.after)

    def name_servers(self, zone: str) -> Sequence[str]:
        """Nobody serves it."""
        return [f"ns.{zone}"]
