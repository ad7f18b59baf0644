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
        """Every RRset of the zone, the apex SOA and NS excepted (the zone's own)."""
        ...

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        """Carry the changes out, all or none, and wait until the provider says they are in effect.

        What the provider cannot take at once goes in batches, each all or none. `ApplyFailed` says which addresses
        are in and which are not. The provider is looked at right before: a record that is not as it was planned is
        not overwritten, and nothing that the changes do not name. A product that lacks `Capability.GUARDED` cannot
        promise it for what somebody else writes in the moment between that look and the write.
        """
        ...

    def name_servers(self, zone: str) -> Sequence[str]:
        """Host names of the zone's authoritative servers, as the provider delegates them."""
        ...
