"""RRsets as an engagement declares them, in the form in which every provider shows them."""

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
    """A value as one of several equal spellings: names absolute and in lower case (RFC 4034, 6.2), addresses short.

    TXT is kept as it is, and so is a value that cannot be read: the server will say what it thinks of it.
    """
    if kind == "TXT":
        return value
    try:
        return presented(parsed(value, kind))
    except dns.exception.DNSException:
        return value


def parsed(value: str, kind: str) -> dns.rdata.Rdata:
    """A declared value as a record; a TXT as strings of at most 255 bytes (RFC 1035, 3.3)."""
    rdtype = dns.rdatatype.from_text(kind)
    if kind == "TXT":
        content = value.encode()
        strings = [content[at : at + _STRING] for at in range(0, len(content), _STRING)]
        return TXT(dns.rdataclass.IN, rdtype, strings or [b""])
    return dns.rdata.from_text(dns.rdataclass.IN, rdtype, value, origin=dns.name.root, relativize=False)


def presented(rdata: dns.rdata.Rdata) -> str:
    """What a server answered, in the form in which records are declared: TXT joined and without quotes."""
    if isinstance(rdata, TXT):
        return text(b"".join(rdata.strings))
    wire = rdata.to_digestable(dns.name.root)
    return dns.rdata.from_wire(dns.rdataclass.IN, rdata.rdtype, wire, 0, len(wire)).to_text()


def text(content: bytes) -> str:
    """The bytes of a TXT record as text; those that are no UTF-8 stay visible as escapes."""
    return content.decode(errors="backslashreplace")


def as_planned(change: Change, found: Attributes | None) -> bool:
    """Whether a record still is what the change was planned for; one that is to go may be gone already."""
    if found is None:
        return change.action is not Action.UPDATE
    return change.before is not None and all(found.get(name) == value for name, value in change.before.items())
