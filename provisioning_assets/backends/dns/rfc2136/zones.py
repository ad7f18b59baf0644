"""RFC 2136: the zones of a name server, read by transfer (AXFR, RFC 5936) and written by UPDATE.

Every changed RRset is a prerequisite of its own change, so the server itself refuses to overwrite what somebody else
wrote. A prerequisite has no TTL, so TTLs are compared beforehand, with a transfer that the SOA shows to be current.
The SOA is no prerequisite, because a zone that is signed inline has another SOA than the one that is served.
"""

from collections.abc import Mapping, Sequence
from typing import Self

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.dns.batches import Progress, by_name
from provisioning_assets.backends.dns.records import as_planned, presented
from provisioning_assets.backends.dns.rfc2136.messages import messages_of
from provisioning_assets.backends.dns.rfc2136.server import Server, Transfer
from provisioning_assets.backends.dns.settings import Rfc2136 as Settings
from provisioning_assets.core.plan import Action, Attributes, Change, Json
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import NotConverged, ProviderFailed, ProvisioningError, Unreachable

IN_EFFECT = 20
"""Seconds until the server must show what it accepted: one that signs inline needs a moment."""

_AFTER_LOSS = 2
"""Seconds after which an update whose answer was lost is visible, if it arrived."""

_ATTEMPTS = 3
_OF_THE_SERVER = {"SOA", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDNSKEY", "CDS", "ZONEMD", "TYPE65534"}
"""Types that a server maintains itself, most of them when it signs a zone."""


class Rfc2136:
    """The zones of one primary server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._kept: dict[str, Transfer] = {}

    @classmethod
    def open(cls, settings: Settings, access: Access) -> Self:
        """The declared server, with the profile's key."""
        return cls(Server(settings.server, settings.key, access))

    def reach(self) -> None:
        """Require that the server answers."""
        self._server.reach()

    def identity(self) -> Mapping[str, Json]:
        """The server, and the name of the key."""
        return {"server": str(self._server.address), "key": self._server.key.name if self._server.key else None}

    def read(self, zone: str) -> Mapping[str, Attributes]:
        """Every RRset, except the apex's SOA and NS and those that the server maintains when it signs the zone."""
        return _shown(zone, self._transfer(zone))

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        """Write in one message if it fits, else in several, each all or none; return when the server shows them."""
        if not changes:
            return
        known, progress = self._now(zone), Progress(list(changes))
        try:
            self._carry_out(zone, progress, known)
        except ProviderFailed as error:
            progress.in_flight = []  # all or none
            raise progress.stopped(zone, error) from None
        except Unreachable as error:
            sent = progress.in_flight
            landed = settle(lambda: self._in_effect(zone, sent), done=bool, within=_AFTER_LOSS)
            if landed:
                progress.arrived()
            elif landed is False:
                progress.in_flight = []
            if progress.left:
                raise progress.stopped(zone, error) from None
        self._wait(zone, known, progress.written)

    def name_servers(self, zone: str) -> Sequence[str]:
        """The targets of the apex's NS records."""
        return sorted(presented(each).rstrip(".") for each in self._server.apex(zone, "NS"))

    def _transfer(self, zone: str) -> Transfer:
        self._kept[zone] = self._server.transfer(zone)
        return self._kept[zone]

    def _now(self, zone: str) -> Transfer:
        """The last transfer, or a new one when the SOA shows that the zone has changed since."""
        kept, soa = self._kept.get(zone), self._server.apex(zone, "SOA")
        return kept if kept and kept.soa == soa else self._transfer(zone)

    def _carry_out(self, zone: str, progress: Progress, known: Transfer) -> None:
        """Send message by message; when a prerequisite does not hold, transfer the zone again and start over."""
        for _ in range(_ATTEMPTS):
            progress.left = _as_planned(zone, progress.left, known)
            messages = list(messages_of(zone, by_name(progress.left), known, self._server.fits))
            for batch, message in messages:
                progress.in_flight = batch
                if not self._server.update(zone, message):
                    break
                progress.arrived()
            progress.in_flight = []
            if not progress.left:
                return
            known = self._transfer(zone)
        what, where = f"records of {zone} change while they are written", progress.left[0].address
        raise ProviderFailed(what, where=where, remedy="find out who else writes to them, and run again")

    def _wait(self, zone: str, before: Transfer, written: Sequence[Change]) -> None:
        def shown() -> bool | None:
            return self._server.apex(zone, "SOA") != before.soa or self._in_effect(zone, written)

        if written and not settle(shown, done=bool, within=IN_EFFECT):
            raise NotConverged(
                f"the server took the changes of {zone}, and does not show them after {IN_EFFECT} s",
                where=", ".join(change.address for change in written[:10]),
                cause="a record may be in the way of another: a CNAME stands alone",
                remedy="compare with the zone on the server, run again",
            )

    def _in_effect(self, zone: str, changes: Sequence[Change]) -> bool | None:
        """Whether the zone shows the changes; None when nobody could tell."""
        try:
            found = self.read(zone)
        except ProvisioningError:
            return None
        return all(found.get(change.address) == change.after for change in changes)


def _shown(zone: str, transfer: Transfer) -> dict[str, Attributes]:
    found = {
        f"{name.to_text(omit_final_dot=True).lower()} {kind.name}": rdataset
        for (name, kind), rdataset in transfer.rdatasets.items()
        if kind.name not in _OF_THE_SERVER
    }
    found.pop(f"{zone} NS", None)
    return {address: {"ttl": each.ttl, "values": sorted(map(presented, each))} for address, each in found.items()}


def _as_planned(zone: str, changes: Sequence[Change], known: Transfer) -> list[Change]:
    """The changes that remain, without deletes of what is gone; `ProviderFailed` when a record has changed."""
    found = _shown(zone, known)
    if moved := [each.address for each in changes if not as_planned(each, found.get(each.address))]:
        raise ProviderFailed(
            f"records of {zone} are not as they were when the change was planned",
            where=", ".join(moved),
            cause="somebody else wrote them meanwhile",
            remedy="plan again, and look at what they wrote",
        )
    return [each for each in changes if each.action is not Action.DELETE or each.address in found]
