"""A caching resolver in front of the name server: TTLs count down, and absence is cached (RFC 2308)."""

import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from dnslib import QTYPE, RCODE, DNSError, DNSRecord
from dnslib.server import BaseResolver, DNSHandler

from provisioning_assets.sandbox.dns_server import answer

_TIMEOUT = 3


@dataclass
class _Kept:
    reply: DNSRecord
    at: float
    ttl: int = field(default=0)


class Cache(BaseResolver):  # type: ignore[misc] # dnslib ships no types
    """Asks upstream once, and keeps the answer for its TTL."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = host, port
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._mutex = threading.Lock()

    def resolve(self, request: DNSRecord, _handler: DNSHandler) -> DNSRecord:
        """The reply to a query, from the cache or from upstream."""
        key = str(request.q.qname).lower(), QTYPE[request.q.qtype]
        with self._mutex:
            kept = self._kept.get(key)
        if kept is None or time.monotonic() - kept.at >= kept.ttl:
            # Outside the mutex, so that a silent name server does not hold up answers from the cache.
            kept = self._ask(request)
            if kept.ttl > 0:
                with self._mutex:
                    self._kept[key] = kept
        age = int(time.monotonic() - kept.at)
        reply = request.reply(ra=1, aa=0)
        reply.header.rcode = kept.reply.header.rcode
        for record in kept.reply.rr:
            reply.add_answer(_aged(record, age))
        for record in kept.reply.auth:
            reply.add_auth(_aged(record, age))
        return reply

    def _ask(self, request: DNSRecord) -> _Kept:
        question = DNSRecord.question(str(request.q.qname), QTYPE[request.q.qtype])
        try:
            reply = DNSRecord.parse(question.send(*self._upstream, tcp=True, timeout=_TIMEOUT))
        except (OSError, DNSError, EOFError, struct.error):
            reply = None
        if reply is None or _refers(reply):  # nobody is there to ask on: the sandbox has one name server
            reply = question.reply()
            reply.header.rcode = RCODE.SERVFAIL
        return _Kept(reply, time.monotonic(), _lifetime(reply))


def _refers(reply: DNSRecord) -> bool:
    """Whether a reply says only which other servers to ask."""
    return not reply.header.aa and not reply.rr and any(record.rtype == QTYPE.NS for record in reply.auth)


def _lifetime(reply: DNSRecord) -> int:
    """Seconds for which a reply may be cached; none for a failure."""
    if reply.header.rcode not in {RCODE.NOERROR, RCODE.NXDOMAIN}:
        return 0
    absence = [min(record.ttl, record.rdata.times[4]) for record in reply.auth if record.rtype == QTYPE.SOA]
    return int(min([record.ttl for record in reply.rr] + absence, default=0))


def _aged(record: Any, age: int) -> Any:
    return type(record)(record.rname, record.rtype, record.rclass, max(record.ttl - age, 0), record.rdata)


def serve(port: int, upstream: str) -> None:
    """Answer until the process ends."""
    host, _, upstream_port = upstream.rpartition(":")
    answer(Cache(host, int(upstream_port)), port)
