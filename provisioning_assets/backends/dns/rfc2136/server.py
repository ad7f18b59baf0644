"""One primary name server: queries, zone transfers and updates, signed with TSIG. Its refusals become our errors."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.tsig
import dns.update
import dns.xfr
import dns.zone

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.dns.rfc2136.key import ADDRESS, KEY_FILE, NameServer, SigningKey, key_of, server_of
from provisioning_assets.errors import ProviderFailed, Unreachable

_QUESTION, _UPDATE, _TRANSFER = 4, 30, 120
"""Seconds that each may take."""
_UNMET = {dns.rcode.NXRRSET, dns.rcode.YXRRSET, dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN}
_DENIED = {dns.rcode.REFUSED, dns.rcode.NOTAUTH}
_OF_THE_KEY: Mapping[type[BaseException], str] = {
    dns.tsig.PeerBadKey: "BADKEY: the server knows no such key, or does not let it do this",
    dns.tsig.PeerBadSignature: "BADSIG: the server has another secret for this key",
    dns.tsig.PeerBadTime: "BADTIME: the clocks of the server and of this machine differ too much",
    dns.tsig.BadSignature: "the server's answer is signed with another secret",
    dns.tsig.BadTime: "the clocks of the server and of this machine differ too much",
}


class Unsigned(Exception):
    """The answer to a signed query has no signature, as Knot's has not for a zone that it does not serve."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """The contents of a zone at one time."""

    soa: dns.rdataset.Rdataset
    rdatasets: Mapping[tuple[dns.name.Name, dns.rdatatype.RdataType], dns.rdataset.Rdataset]


class Server:
    """A primary server. Nothing is sent before its address is known to be the profile's."""

    def __init__(self, declared: str | None, key: str | None, access: Access) -> None:
        self._declared = declared
        self._declared_key = key
        self._access = access

    @cached_property
    def address(self) -> NameServer:
        """Its address and port."""
        return server_of(self._declared, self._access)

    @cached_property
    def key(self) -> SigningKey | None:
        """The key that signs, if any."""
        return key_of(self._declared_key, self._access)

    def reach(self) -> None:
        """Require any answer at all: it is asked for the root, and what it says about that does not matter."""
        with self._translated():
            try:
                self._exchange(dns.message.make_query(".", "SOA", flags=0), _QUESTION)
            except Unsigned:
                return

    def apex(self, zone: str, kind: str) -> dns.rdataset.Rdataset:
        """An RRset of the zone itself; `ProviderFailed` when the server has no such zone."""
        question = dns.message.make_query(zone, kind, flags=0)
        with self._translated():
            try:
                reply = self._exchange(question, _QUESTION)
            except Unsigned:
                raise self._no_zone(zone, "it answers without a signature") from None
        found = reply.get_rrset(reply.answer, dns.name.from_text(zone), dns.rdataclass.IN, question.question[0].rdtype)
        if found is not None and reply.flags & dns.flags.AA:
            return found
        if reply.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN, *_DENIED}:
            raise self._no_zone(zone, f"it answers {dns.rcode.to_text(reply.rcode())}")
        raise self._denied(zone, "show", reply.rcode())

    def transfer(self, zone: str) -> Transfer:
        """The whole zone."""
        found = dns.zone.Zone(dns.name.from_text(zone), relativize=False)
        query, _ = dns.xfr.make_query(found, serial=None, keyring=self.key and self.key.key)
        with self._translated():
            try:
                dns.query.inbound_xfr(self._ip, found, query, self.address.port, _QUESTION * 2, _TRANSFER)
            except dns.xfr.TransferError as error:
                raise self._denied(zone, "transfer", error.rcode) from None
            except dns.exception.FormError as error:
                if not _lacks_signature(error):
                    raise
                raise self._denied(zone, "transfer", dns.rcode.NOTAUTH) from None
        rdatasets = {(name, each.rdtype): each for name, each in found.iterate_rdatasets() if not each.covers}
        return Transfer(rdatasets[dns.name.from_text(zone), dns.rdatatype.SOA], rdatasets)

    def fits(self, message: dns.update.UpdateMessage) -> bool:
        """Whether the message, with its signature, is within the size limit of DNS over TCP."""
        try:
            self._signed(message).to_wire()
        except (dns.exception.TooBig, dns.exception.FormError):
            return False
        return True

    def update(self, zone: str, message: dns.update.UpdateMessage) -> bool:
        """Carry out the whole update; False, with nothing carried out, when a prerequisite does not hold."""
        with self._translated():
            try:
                code = self._exchange(message, _UPDATE).rcode()
            except Unsigned:
                code = dns.rcode.NOTAUTH
        if code in _UNMET:
            return False
        if code != dns.rcode.NOERROR:
            raise self._denied(zone, "update", code)
        return True

    @property
    def _ip(self) -> str:
        with self._translated():
            return str(socket.getaddrinfo(self.address.host, self.address.port, type=socket.SOCK_STREAM)[0][4][0])

    def _signed(self, message: dns.message.Message) -> dns.message.Message:
        if self.key:
            message.use_tsig(self.key.key)
        return message

    def _exchange(self, message: dns.message.Message, seconds: float) -> dns.message.Message:
        address = self._ip
        try:
            return dns.query.tcp(self._signed(message), address, seconds, self.address.port)
        except dns.exception.FormError as error:
            if _lacks_signature(error):
                raise Unsigned from None
            raise

    def _no_zone(self, zone: str, cause: str) -> ProviderFailed:
        what, remedy = f"the name server has no zone {zone}", "apply the stage that makes it"
        return ProviderFailed(what, where=str(self.address), cause=cause, remedy=remedy)

    def _denied(self, zone: str, what: str, code: int) -> ProviderFailed:
        """The error for a refusal. It is the same for a missing zone and a protected one, so this asks which it is."""
        said = dns.rcode.to_text(dns.rcode.Rcode.make(code))
        if code not in _DENIED:
            failed = f"the name server failed to {what} {zone}"
            return ProviderFailed(failed, where=str(self.address), cause=said, remedy="look into the server's log")
        self.apex(zone, "SOA")
        whom = f"the key {self.key.name}" if self.key else "whoever has no key"
        remedy = (
            f"let the server do it for this key, or give {KEY_FILE} of the profile the key that may;"
            " BIND refuses also what would leave a name server of the zone without an address: its log says why"
        )
        denied = f"the name server does not {what} {zone} for {whom}"
        return ProviderFailed(denied, where=str(self.address), cause=said, remedy=remedy)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (dns.exception.Timeout, OSError, EOFError) as error:
            cause = getattr(error, "strerror", None) or ("it hung up" if isinstance(error, EOFError) else "no answer")
            remedy = f"check the network and {ADDRESS}, or start the server there"
            raise Unreachable("the name server", str(self.address), cause=cause, remedy=remedy) from None
        except dns.exception.DNSException as error:
            if self.key and (why := _OF_THE_KEY.get(type(error))):
                raise ProviderFailed(
                    f"the name server at {self.address} does not accept the TSIG key {self.key.name}",
                    where=str(self.key.file),
                    cause=why,
                    remedy="set both clocks by NTP" if "clocks" in why else "copy the key file from the server",
                ) from None
            what = "the name server's answer cannot be used"
            cause = f"{type(error).__name__}: {error}"
            raise ProviderFailed(what, where=str(self.address), cause=cause, remedy="look into its log") from None


def _lacks_signature(error: dns.exception.FormError) -> bool:
    return type(error) is dns.exception.FormError and "TSIG" in str(error)
