"""RRsets of ours as records of octoDNS, and back.

octoDNS parses and writes the presentation form of every type but TXT, of which each of its providers has a form of its
own. Its ALIAS follows all addresses of another name: it is one alias of ours for each type that its target has.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.tokenizer
from dns.rdtypes.ANY.TXT import TXT
from octodns.record import Record, RecordException, Rrset, TxtValue
from octodns.zone import Zone

from provisioning_assets.backends.dns.records import canonical, parsed, text
from provisioning_assets.core.plan import Attributes, Change
from provisioning_assets.errors import ProviderFailed

_ALIAS, _ALIAS_TTL = "ALIAS", 60
_FOLLOWED = ("A", "AAAA")
_STRING = 255
_canonical = lru_cache(maxsize=1 << 16)(canonical)  # a write reads the same zone four times


@dataclass(frozen=True, slots=True)
class Texts:
    """The form in which a provider of octoDNS holds the text of a TXT record."""

    read: Callable[[str], str]
    """From its form to the text."""
    written: Callable[[str], str]
    """From the text to its form."""


def _unescaped(held: str) -> str:
    return text(dns.tokenizer.Tokenizer(f'"{held}"').get().unescape_to_bytes().value)


def _escaped(value: str) -> str:
    content = value.encode()
    strings = [content[at : at + _STRING] for at in range(0, len(content), _STRING)]
    quoted = [TXT(dns.rdataclass.IN, dns.rdatatype.TXT, [each]).to_text() for each in strings]
    return "".join(each[1:-1] for each in quoted)


PLAIN = Texts(read=lambda held: str(TxtValue(held).to_raw_text()), written=TxtValue.normalize_raw_text)
"""octoDNS's own: the text, its semicolons escaped."""

ESCAPED = Texts(read=_unescaped, written=_escaped)
"""As a zone file has it between the quotes: of providers that pass on what the vendor says."""


def shown(zone: Zone, texts: Texts) -> dict[str, Attributes]:
    """Address to attributes, the apex's NS among them."""
    found: dict[str, Attributes] = {
        f"{_owner(each)} {each._type}": {"ttl": each.ttl, "values": _values(each, texts)}
        for each in zone.records
        if each._type != _ALIAS
    }
    aliases: dict[str, Attributes] = {}
    for alias in (each for each in zone.records if each._type == _ALIAS):
        target = str(alias.value).rstrip(".")
        for kind in [kind for kind in _FOLLOWED if f"{target} {kind}" in found] or _FOLLOWED[:1]:
            aliases[f"{_owner(alias)} {kind}"] = {"alias": target}
    return {**aliases, **found}


def normal(address: str, wanted: Attributes) -> Attributes:
    """Attributes in the form in which `shown` has them."""
    if "alias" in wanted:
        return wanted
    kind = address.rpartition(" ")[2]
    return {"ttl": wanted["ttl"], "values": sorted(canonical(value, kind) for value in wanted["values"])}


def changed(zone: Zone, changes: Sequence[Change], found: Mapping[str, Attributes], texts: Texts) -> Zone:
    """A copy of a zone with the changes; `found` is what it shows. All else is the same as before."""
    desired = zone.copy()
    for change in changes:
        if record := desired.get_type(*_key(zone, change.address, found.get(change.address))):
            desired.remove_record(record)
    for change in changes:
        if change.after:
            desired.add_record(_record(zone, change.address, change.after, texts), replace=True, lenient=True)
    return desired


def touched(zone: Zone, changes: Iterable[Change], found: Mapping[str, Attributes]) -> set[tuple[str, str]]:
    """Name and type of each record of octoDNS that the changes are about."""
    return {
        _key(zone, change.address, attributes)
        for change in changes
        for attributes in (found.get(change.address), change.after)
        if attributes
    }


def _owner(record: Record) -> str:
    return str(record.fqdn).rstrip(".").lower()


def _values(record: Record, texts: Texts) -> list[str]:
    if record._type == "TXT":
        return sorted(texts.read(str(value)) for value in record.values)
    return sorted(_canonical(value, record._type) for value in record.to_rrset().rdatas)


def _key(zone: Zone, address: str, attributes: Attributes | None) -> tuple[str, str]:
    """Name, relative to the zone, and type; `ProviderFailed` when it lies outside."""
    owner, _, kind = address.rpartition(" ")
    if not dns.name.from_text(owner).is_subdomain(dns.name.from_text(zone.name)):
        what = f"a record lies outside {zone.name.rstrip('.')}"
        raise ProviderFailed(what, where=address, remedy="correct its name")
    return str(zone.hostname_from_fqdn(f"{owner}.")), _ALIAS if attributes and "alias" in attributes else kind


def _record(zone: Zone, address: str, after: Attributes, texts: Texts) -> Record:
    owner, _, kind = address.rpartition(" ")
    try:
        if "alias" in after:
            rrset = Rrset(f"{owner}.", _ALIAS, _ALIAS_TTL, [f"{after['alias']}."])
        elif kind == "TXT":
            values = [texts.written(value) for value in after["values"]]
            data = {"type": kind, "ttl": after["ttl"], "values": values}
            return Record.new(zone, _key(zone, address, after)[0], data, lenient=True)
        else:
            rrset = Rrset(f"{owner}.", kind, after["ttl"], [parsed(each, kind).to_text() for each in after["values"]])
        return Record.from_rrset(zone, rrset, lenient=True)
    except (dns.exception.DNSException, RecordException) as error:
        what = "a record cannot be read"
        raise ProviderFailed(what, where=address, cause=str(error), remedy="correct it") from None
