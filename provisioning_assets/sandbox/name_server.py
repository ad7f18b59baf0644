"""The authoritative name server: answers from the zones of the emulated Route 53, which does not answer itself."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from dnslib import QTYPE, RCODE, RR, SOA, DNSError, DNSRecord
from dnslib.server import BaseResolver, DNSHandler

from provisioning_assets.backends.dns.route53 import plain_name
from provisioning_assets.sandbox.dns_server import answer
from provisioning_assets.sandbox.processes import say

FRESH = 0.2
"""Seconds for which a zone is cached; short, so that a change is visible at once."""

NEGATIVE_TTL = 5
"""Seconds for which resolvers may cache the absence of a name."""

_HOPS = 8
Rrsets = dict[tuple[str, str], dict[str, Any]]


@dataclass(frozen=True)
class Zone:
    """One zone as it was a moment ago."""

    name: str
    rrsets: Rrsets

    def holds(self, name: str) -> bool:
        """Whether the name lies in the zone."""
        return name == self.name or name.endswith(f".{self.name}")

    def cut(self, name: str) -> str | None:
        """The name at or above this one that is handed to other servers."""
        above = [each for each in _upwards(name) if each != self.name and self.holds(each)]
        return next((each for each in reversed(above) if (each, "NS") in self.rrsets), None)

    def owner(self, name: str) -> str | None:
        """The name itself, if it or something below it exists; else the wildcard at its closest encloser (RFC 4592)."""
        if name in self._existing:
            return name
        encloser = next(each for each in _upwards(name) if each in self._existing)
        return f"*.{encloser}" if f"*.{encloser}" in self._existing else None

    @cached_property
    def _existing(self) -> frozenset[str]:
        return frozenset(each for owner, _ in self.rrsets for each in _upwards(owner) if self.holds(each))


def _upwards(name: str) -> Iterator[str]:
    """The name, its parent, and so on."""
    while name:
        yield name
        name = name.partition(".")[2]


class Zones:
    """The zones of Route 53, each read on demand and cached for a moment."""

    def __init__(self) -> None:
        settings = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 1})
        session: Any = boto3.session.Session()
        self._client = session.client("route53", region_name=os.environ["AWS_REGION"], config=settings)
        self._mutex = threading.Lock()
        self._names: tuple[float, dict[str, str]] = (0.0, {})
        self._zones: dict[str, tuple[float, Zone]] = {}

    def holding(self, name: str, since: float) -> Zone | None:
        """The closest zone that holds the name, as it was at that time (monotonic) or later."""
        with self._mutex:
            if self._names[0] < since:
                self._names = time.monotonic(), dict(self._list())
            ids = self._names[1]
            inside = [zone for zone in ids if name == zone or name.endswith(f".{zone}")]
            if not inside:
                return None
            zone = max(inside, key=len)
            read_at, found = self._zones.get(ids[zone], (0.0, Zone(zone, {})))
            if read_at < since:
                read_at, found = time.monotonic(), Zone(zone, dict(self._read(ids[zone])))
                self._zones[ids[zone]] = read_at, found
            return found

    def _list(self) -> Iterator[tuple[str, str]]:
        for page in self._client.get_paginator("list_hosted_zones").paginate():
            for zone in page["HostedZones"]:
                yield plain_name(zone["Name"]), zone["Id"]

    def _read(self, zone_id: str) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
        for page in self._client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone_id):
            for rrset in page["ResourceRecordSets"]:
                yield (plain_name(rrset["Name"]), rrset["Type"]), rrset


class Authority(BaseResolver):  # type: ignore[misc] # dnslib ships no types
    """Answers by the rules of RFC 1034: NXDOMAIN, no data, wildcards, CNAMEs within the zone."""

    def __init__(self, zones: Zones) -> None:
        self._zones = zones

    def resolve(self, request: DNSRecord, _handler: DNSHandler) -> DNSRecord:
        """The reply to a query; SERVFAIL when the zones cannot be read, since that does not prove absence."""
        name, kind = str(request.q.qname).rstrip(".").lower(), QTYPE[request.q.qtype]
        asked_at = time.monotonic()
        try:
            reply = self._reply(request, name, kind, since=asked_at - FRESH)
            # Absence is never answered from the cache: resolvers would remember it after the name was published.
            return reply if reply.rr else self._reply(request, name, kind, since=asked_at)
        except (BotoCoreError, ClientError, ResponseParserError, DNSError, ValueError) as error:
            say(f"{name} {kind} cannot be answered: {type(error).__name__}")
            return _refusal(request, RCODE.SERVFAIL)

    def _reply(self, request: DNSRecord, name: str, kind: str, since: float) -> DNSRecord:
        zone = self._zones.holding(name, since)
        return _refusal(request, RCODE.REFUSED) if zone is None else _reply(request, zone, name, kind)


def _refusal(request: DNSRecord, code: int) -> DNSRecord:
    reply = request.reply(ra=0, aa=0)
    reply.header.rcode = code
    return reply


def _reply(request: DNSRecord, zone: Zone, name: str, kind: str) -> DNSRecord:
    if cut := zone.cut(name):
        return _referral(request, zone, cut)
    reply = request.reply(ra=0)
    answers, code = _answers(zone, name, kind)
    for record in answers:
        reply.add_answer(record)
    if code == RCODE.NXDOMAIN or not answers:
        reply.add_auth(*_soa(zone))
    reply.header.rcode = code
    return reply


def _referral(request: DNSRecord, zone: Zone, cut: str) -> DNSRecord:
    """Where to ask instead, with the addresses of servers that lie below the cut."""
    reply = request.reply(ra=0, aa=0)
    for record in _records(zone, cut, "NS", cut):
        reply.add_auth(record)
        host = str(record.rdata.label).rstrip(".").lower()
        for kind in ("A", "AAAA"):
            reply.add_ar(*_records(zone, host, kind, host))
    return reply


def _answers(zone: Zone, name: str, kind: str) -> tuple[list[RR], int]:
    """The records, along CNAMEs, and the code of the last name (RFC 6604)."""
    found: list[RR] = []
    for _ in range(_HOPS):
        if not zone.holds(name) or zone.cut(name):
            break
        owner = zone.owner(name)
        if owner is None:
            return found, RCODE.NXDOMAIN
        if (owner, kind) in zone.rrsets or (owner, "CNAME") not in zone.rrsets:
            return found + _records(zone, owner, kind, name), RCODE.NOERROR
        found += _records(zone, owner, "CNAME", name)
        name = str(found[-1].rdata.label).rstrip(".").lower()
    return found, RCODE.NOERROR


def _records(zone: Zone, owner: str, kind: str, shown: str) -> list[RR]:
    if kind == "SOA":
        return _soa(zone) if owner == zone.name else []
    rrset = zone.rrsets.get((owner, kind), {})
    for _ in range(_HOPS):
        if "AliasTarget" in rrset:
            rrset = zone.rrsets.get((plain_name(rrset["AliasTarget"]["DNSName"]), kind), {})
    values = [record["Value"] for record in rrset.get("ResourceRecords", [])]
    return [record for value in values for record in RR.fromZone(f"{shown}. {rrset['TTL']} IN {kind} {value}")]


def _soa(zone: Zone) -> list[RR]:
    """The zone's own SOA, with a negative TTL that is short enough to wait for."""
    value = zone.rrsets[zone.name, "SOA"]["ResourceRecords"][0]["Value"]
    # moto shows the SOA of a new zone as Python prints its record (5.2.5).
    host, mailbox, *times = value.removeprefix("{'Value': '").removesuffix("'}").split()
    kept = (*(int(seconds) for seconds in times[:4]), min(int(times[4]), NEGATIVE_TTL))
    return [RR(zone.name, QTYPE.SOA, ttl=NEGATIVE_TTL, rdata=SOA(host, mailbox, kept))]


def serve(port: int) -> None:
    """Answer until the process ends."""
    answer(Authority(Zones()), port)
