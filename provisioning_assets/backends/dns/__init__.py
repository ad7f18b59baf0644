"""DNS: a zone's RRsets. Products: Route 53, servers that take dynamic updates (RFC 2136), what octoDNS knows."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from provisioning_assets.backends.backend import Backend
from provisioning_assets.core.plan import Attributes, Change


class DnsProvider(Backend, Protocol):
    """Reads and writes the RRsets of a zone.

    An address is `<absolute name without the last dot> <type>`, for example `www.example.com A`; its
    attributes are `{"ttl": int, "values": [sorted, in presentation form]}` or `{"alias": "name"}`. Where an alias
    follows all addresses of its target, it is one for each type that the target has.
    """

    def read(self, zone: str) -> Mapping[str, Attributes]:
        """Every RRset of the zone, except the SOA and NS of its apex."""
        ...

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        """Carry out the changes, all or none, and wait until the provider says that they are in effect.

        More than the provider takes at once goes in batches, each all or none. `ApplyFailed` names the addresses that
        are written and those that are not. The provider is asked right before the write: a record that has changed
        since the plan is not overwritten, and a record that the changes do not name is left alone. A product that
        lacks `Capability.GUARDED` overwrites what somebody else writes in the moment between that look and the write.
        """
        ...

    def name_servers(self, zone: str) -> Sequence[str]:
        """Host names of the zone's authoritative servers, as the provider delegates them."""
        ...
