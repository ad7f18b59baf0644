"""DNS records: names inside the zone, types that may stand together, values that a server can read."""

import re
from collections.abc import Iterator
from typing import Any

import dns.exception
import dns.name
import dns.rdata

from provisioning_assets.backends import catalogue
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.places import Place, Wrong
from provisioning_assets.engagement.sections import Record
from provisioning_assets.engagement.validation.domains import LONGEST, ascii_form

_LABELS = re.compile(r"@|(\*(\.|$))?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.|$))*(?<!\.)")
_FORMS = {
    "A": "an IPv4 address: `192.0.2.1`",
    "AAAA": "an IPv6 address: `2001:db8::1`",
    "CNAME": "an absolute name: `target.example.com.`",
    "NS": "an absolute name: `ns1.example.com.`",
    "MX": "preference and absolute host: `10 mail.example.com.`",
    "SRV": "priority, weight, port, host: `10 5 443 host.example.com.`",
    "CAA": 'such as `0 issue "letsencrypt.org"`',
    "TXT": "the text without quotes",
}
"""What a value of each type looks like."""

_LONGEST_TEXT = 4096
"""Octets of all texts of one name: what resolvers take in one UDP answer, at most; a product may take less."""

_CAA_TAGS = {"issue", "issuewild", "issuemail", "iodef"}
_TOP_LEVEL = ("com", "net", "org", "io", "dev", "app", "example")


def inside(name: str, zone: str) -> bool:
    """Whether an absolute name belongs to the zone."""
    return name == zone or name.endswith(f".{zone}")


def record_problems(environment: Environment) -> Iterator[Wrong]:
    """What breaks a rule of this file."""
    zone, records = environment.dns.zone, environment.dns.records
    listed = {(record.name, record.type) for record in records}
    for position, record in enumerate(records):
        place = ("dns", "records", position)
        yield from _name(place, record, zone)
        if record.type == "CNAME":
            yield from _cname(place, record, {kind for name, kind in listed if name == record.name})
        yield from _content(place, record)
        if record.alias is not None:
            yield from _alias(place, record, environment)


def _name(place: Place, record: Record, zone: str) -> Iterator[Wrong]:
    here, name = (*place, "name"), record.name
    absolute = name.removesuffix(".")
    if inside(absolute, zone):
        relative = absolute.removesuffix(zone).rstrip(".") or "@"
        yield Wrong(here, f"{name} is absolute, and names are relative to the zone", f"`{relative}`")
    elif name.endswith(".") or ("." in name and name.rpartition(".")[2] in {zone.rpartition(".")[2], *_TOP_LEVEL}):
        what = f"{name} lies outside the zone {zone}"
        yield Wrong(here, what, "a name relative to the zone; another zone is another engagement's")
    elif not name or not _LABELS.fullmatch(name):
        expected = ascii_form(name) or "`@`, or lower-case labels of at most 63 characters with dots between"
        yield Wrong(here, f"`{name}` is no name of a record", expected)
    elif len(f"{name}.{zone}") > LONGEST:
        yield Wrong(here, f"{name}.{zone} is too long", f"at most {LONGEST} characters with the zone")
    elif name.split(".")[0] == "_acme-challenge":
        what = f"{name} is where the certificates' names are proven"
        yield Wrong(here, what, "no record: it is written and removed while a certificate is issued")
    elif name == "@" and record.type == "NS":
        what = "the zone's own name servers are those of the provider"
        yield Wrong((*place, "type"), what, "no record; the domain is delegated to them where it is registered")


def _cname(place: Place, record: Record, types: set[str]) -> Iterator[Wrong]:
    here = (*place, "type")
    if record.name == "@":
        what = "a CNAME cannot stand at the zone itself, which has other records"
        yield Wrong(here, what, "an A record with an alias")
    elif len(types) > 1:
        others = " and ".join(sorted(types - {"CNAME"}))
        what = f"a CNAME cannot stand beside other types: {record.name} has {others}, too"
        yield Wrong(here, what, "either the CNAME or the others")
    if len(record.values) > 1:
        yield Wrong((*place, "values", 1), "a CNAME has one target", "one value")


def _content(place: Place, record: Record) -> Iterator[Wrong]:
    if bool(record.values) == (record.alias is not None):
        has = "both values and an alias" if record.values else "neither values nor an alias"
        yield Wrong(place, f"{record.name} {record.type} has {has}", "one of `values` or `alias`")
    spelled: dict[object, str] = {}
    for number, value in enumerate(record.values):
        here = (*place, "values", number)
        if expected := _expected(record.type, value):
            yield Wrong(here, f"`{value}` is no value of {record.type}", expected)
            continue
        first = spelled.setdefault(_canonical(record.type, value), value)
        if first != value:
            yield Wrong(here, f"`{value}` is `{first}`, spelled in another way", "each value once")
    octets = sum(len(value.encode()) for value in record.values)
    if record.type == "TXT" and octets > _LONGEST_TEXT:
        what = f"the texts of {record.name} have {octets} octets together"
        yield Wrong((*place, "values"), what, f"at most {_LONGEST_TEXT}: many resolvers take no longer answer")
    if sum(value.lower().startswith("v=spf1") for value in record.values) > 1:
        yield Wrong((*place, "values"), "two SPF policies make mail servers use neither", "one `v=spf1` text")


def _expected(kind: str, value: str) -> str | None:
    """What a value of the type looks like, when this one does not."""
    return None if _is_value(kind, value) else _FORMS[kind]


def _canonical(kind: str, value: str) -> object:
    """A value as servers compare it: addresses and names have more than one spelling."""
    return value if kind == "TXT" else dns.rdata.from_text("IN", kind, value, relativize=False)


def _is_value(kind: str, value: str) -> bool:
    if kind == "TXT":
        return not value.startswith('"')
    try:
        rdata: Any = dns.rdata.from_text("IN", kind, value, relativize=False)
    except (dns.exception.DNSException, ValueError):
        return False
    if kind == "CAA":
        return rdata.tag.decode() in _CAA_TAGS
    host = next((name for field in ("target", "exchange") if (name := getattr(rdata, field, None))), None)
    return host is None or (host.is_absolute() and (host != dns.name.root or kind in {"MX", "SRV"}))


def _alias(place: Place, record: Record, environment: Environment) -> Iterator[Wrong]:
    here, zone = (*place, "alias"), environment.dns.zone
    target = str(record.alias).removesuffix(".")
    addresses = {
        (zone if each.name == "@" else f"{each.name}.{zone}")
        for each in environment.dns.records
        if each.type == record.type and each.alias is None
    }
    if record.type not in {"A", "AAAA"}:
        yield Wrong(here, f"a {record.type} record cannot be an alias", "`values`, or type A or AAAA")
    elif target not in addresses:
        what = f"the alias follows {target}, which has no {record.type} record of its own here"
        yield Wrong(here, what, "the absolute name of a record with values, in the same zone")
    if cannot := catalogue.lacks(Kind.DNS, environment.dns.provider.name).get(Capability.ALIAS):
        able = [each.name for each in catalogue.of_kind(Kind.DNS) if Capability.ALIAS not in each.lacks]
        what = f"{environment.dns.provider.name} has no alias records: {cannot}"
        yield Wrong(here, what, "`values`; or the provider", choices=able)
