"""The authoritative name server: answers from the zones of the emulated Route 53, which does not do it itself."""

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from dnslib import QTYPE, RCODE, RR, SOA, DNSRecord
from dnslib.server import BaseResolver, DNSHandler, DNSServer

from provisioning_assets.providers.dns.route53 import plain_name

FRESH = 0.2
"""Seconds for which a zone's content is kept: a change shows at once."""

NEGATIVE_TTL = 5
"""Seconds for which the absence of a name may be cached."""

_HOPS = 8
_FAILED = (BotoCoreError, ClientError)
Rrsets = dict[tuple[str, str], dict[str, Any]]


class Zones:
    """The zones of Route 53, read when asked for and kept for a moment."""

    def __init__(self) -> None:
        settings = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 1})
        session: Any = boto3.session.Session()
        self._client = session.client("route53", region_name=os.environ["AWS_REGION"], config=settings)
        self._mutex = threading.Lock()
        self._read_at = 0.0
        self._zones: dict[str, Rrsets] = {}

    def holding(self, name: str) -> tuple[str, Rrsets] | None:
        """The zone with the longest name that the name lies in."""
        with self._mutex:
            if time.monotonic() - self._read_at > FRESH:
                self._zones = dict(self._all())
                self._read_at = time.monotonic()
            inside = [zone for zone in self._zones if name == zone or name.endswith(f".{zone}")]
            return (zone, self._zones[zone]) if (zone := max(inside, key=len, default="")) else None

    def _all(self) -> Iterator[tuple[str, Rrsets]]:
        for zone in self._client.list_hosted_zones()["HostedZones"]:
            pages = self._client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone["Id"])
            rrsets = {
                (_plain(rrset["Name"]), rrset["Type"]): rrset for page in pages for rrset in page["ResourceRecordSets"]
            }
            yield _plain(zone["Name"]), rrsets


class Authority(BaseResolver):  # type: ignore[misc] # dnslib ships no types
    """One answer, by the rules of RFC 1034: NXDOMAIN, no data, wildcards, CNAMEs within the zone."""

    def __init__(self, zones: Zones) -> None:
        self._zones = zones

    def resolve(self, request: DNSRecord, _handler: DNSHandler) -> DNSRecord:
        """The reply to a question."""
        reply = request.reply(ra=0)
        name, kind = str(request.q.qname).rstrip(".").lower(), QTYPE[request.q.qtype]
        try:
            found = self._zones.holding(name)
        except _FAILED:
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        if found is None:
            reply.header.rcode = RCODE.REFUSED
            return reply
        zone, rrsets = found
        reply.header.aa = 1
        exists = self._answer(reply, rrsets, name, kind)
        if not reply.rr:
            reply.add_auth(_soa(zone))
            reply.header.rcode = RCODE.NOERROR if exists else RCODE.NXDOMAIN
        return reply

    @staticmethod
    def _answer(reply: DNSRecord, rrsets: Rrsets, name: str, kind: str) -> bool:
        """Add what there is; whether the name exists."""
        asked = name
        for _ in range(_HOPS):
            owner = _owner(rrsets, name)
            if owner is None:
                return bool(reply.rr)
            if (owner, kind) in rrsets:
                for record in _records(rrsets, owner, kind, asked if name == asked else name):
                    reply.add_answer(record)
                return True
            if (owner, "CNAME") not in rrsets:
                return True
            for record in _records(rrsets, owner, "CNAME", name):
                reply.add_answer(record)
            name = str(reply.rr[-1].rdata.label).rstrip(".").lower()
        return True


def _owner(rrsets: Rrsets, name: str) -> str | None:
    """The name itself, if it or something below it exists; else the wildcard that covers it (RFC 4592)."""
    owners = {owner for owner, _ in rrsets}
    if name in owners or any(owner.endswith(f".{name}") for owner in owners):
        return name
    parent = name.split(".", 1)[-1]
    return f"*.{parent}" if f"*.{parent}" in owners else None


def _records(rrsets: Rrsets, owner: str, kind: str, shown: str) -> Iterator[RR]:
    rrset = rrsets[owner, kind]
    for _ in range(_HOPS):
        if "AliasTarget" not in rrset:
            break
        target = _plain(rrset["AliasTarget"]["DNSName"])
        if (target, kind) not in rrsets:
            return
        rrset = rrsets[target, kind]
    for record in rrset.get("ResourceRecords", []):
        yield from RR.fromZone(f"{shown}. {rrset['TTL']} IN {kind} {record['Value']}")


def _soa(zone: str) -> RR:
    times = (1, 7200, 900, 1209600, NEGATIVE_TTL)
    return RR(zone, QTYPE.SOA, ttl=NEGATIVE_TTL, rdata=SOA(f"ns.{zone}", f"hostmaster.{zone}", times))


def _plain(name: str) -> str:
    return plain_name(name)


def serve(port: int) -> None:
    """Answer until the process is ended."""
    authority = Authority(Zones())
    servers = [DNSServer(authority, address="127.0.0.1", port=port, tcp=tcp, logger=Quiet()) for tcp in (False, True)]
    servers[0].start_thread()
    servers[1].start()


class Quiet:
    """dnslib's logger, which says nothing: questions are no events."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_arguments: None
