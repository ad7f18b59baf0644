"""RRsets in one canonical form, for what an engagement declares and for what every provider shows."""

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.TXT import TXT

from provisioning_assets.core.plan import Action, Attributes, Change

_STRING = 255


def absolute(name: str, zone: str) -> str:
    """A name of the zone without the last dot, in lower case; `@` is the zone itself."""
    if name == "@":
        return zone.lower()
    bare = name.rstrip(".").lower()
    return bare if name.endswith(".") or bare == zone or bare.endswith(f".{zone}") else f"{bare}.{zone}".lower()


def canonical(value: str, kind: str) -> str:
    """The canonical spelling of a value: names absolute and in lower case (RFC 4034, 6.2), addresses short.

    TXT stays as it is. So does a value that cannot be parsed: the server will reject it.
    """
    if kind == "TXT":
        return value
    try:
        return presented(parsed(value, kind))
    except dns.exception.DNSException:
        return value


def parsed(value: str, kind: str) -> dns.rdata.Rdata:
    """A declared value as a record; TXT is split into strings of at most 255 bytes (RFC 1035, 3.3)."""
    rdtype = dns.rdatatype.from_text(kind)
    if kind == "TXT":
        content = value.encode()
        strings = [content[at : at + _STRING] for at in range(0, len(content), _STRING)]
        return TXT(dns.rdataclass.IN, rdtype, strings or [b""])
    return dns.rdata.from_text(dns.rdataclass.IN, rdtype, value, origin=dns.name.root, relativize=False)


def presented(rdata: dns.rdata.Rdata) -> str:
    """A server's answer in the form in which records are declared: TXT joined and without quotes."""
    if isinstance(rdata, TXT):
        return text(b"".join(rdata.strings))
    wire = rdata.to_digestable(dns.name.root)
    return dns.rdata.from_wire(dns.rdataclass.IN, rdata.rdtype, wire, 0, len(wire)).to_text()


def text(content: bytes) -> str:
    """The bytes of a TXT record as text; bytes that are not UTF-8 become visible escapes."""
    return content.decode(errors="backslashreplace")


def as_planned(change: Change, found: Attributes | None) -> bool:
    """Whether a record is still as it was when the change was planned; one to delete may be gone already."""
    if found is None:
        return change.action is not Action.UPDATE
    return change.before is not None and all(found.get(name) == value for name, value in change.before.items())
