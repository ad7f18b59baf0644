"""Name servers for tests: one that is authoritative for RRsets in a dictionary, and caching ones before it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from dnslib import QTYPE, RCODE, RR, SOA, DNSError, DNSRecord
from dnslib.server import BaseResolver, DNSServer

from provisioning_assets.core.plan import Attributes
from provisioning_assets.probes.resolvers import Server
from provisioning_assets.sandbox.resolver import Cache
from tests.support.servers import free_port


class Quiet:
    """A logger for dnslib that says nothing."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_arguments: None


@dataclass
class Zone(BaseResolver):
    """A zone as its authoritative server has it: address to attributes, which a test changes as it likes."""

    name: str
    rrsets: dict[str, Attributes] = field(default_factory=dict)
    negative_ttl: int = 2
    authoritative: bool = True
    refusal: str = ""
    """The response code of every answer, if there is one."""
    loses: int = 0
    """How many of the next questions get no answer."""
    silent_about: str = ""
    """A name that questions about get no answer."""

    def resolve(self, request: DNSRecord, _handler: object) -> DNSRecord:
        reply = request.reply(ra=0)
        reply.header.aa = int(self.authoritative)
        asked, kind = str(request.q.qname).rstrip(".").lower(), QTYPE[request.q.qtype]
        if self.loses or asked == self.silent_about:
            self.loses = max(self.loses - 1, 0)
            raise DNSError("lost")  # dnslib sends nothing then
        if self.refusal:
            reply.header.rcode = getattr(RCODE, self.refusal)
            return reply
        for record in self._records(asked, kind):
            reply.add_answer(record)
        if not reply.rr:
            exists = any(address.split()[0] == asked for address in self.rrsets)
            reply.header.rcode = RCODE.NOERROR if exists else RCODE.NXDOMAIN
            times = (1, 7200, 900, 1209600, self.negative_ttl)
            reply.add_auth(RR(self.name, QTYPE.SOA, ttl=60, rdata=SOA(f"ns.{self.name}", f"h.{self.name}", times)))
        return reply

    def _records(self, name: str, kind: str) -> Iterator[RR]:
        found = self.rrsets.get(f"{name} {kind}")
        cname = self.rrsets.get(f"{name} CNAME")
        if found and "alias" in found:
            for record in self._records(found["alias"], kind):
                yield RR(name, record.rtype, ttl=record.ttl, rdata=record.rdata)
        elif found:
            for value in found["values"]:
                yield from RR.fromZone(f"{name}. {found['ttl']} IN {kind} {_in_zone_file(value, kind)}")
        elif cname:
            yield from RR.fromZone(f"{name}. {cname['ttl']} IN CNAME {cname['values'][0]}")
            yield from self._records(cname["values"][0].rstrip("."), kind)


def _in_zone_file(value: str, kind: str) -> str:
    if kind != "TXT":
        return value
    return " ".join(f'"{value[at : at + 255]}"' for at in range(0, len(value), 255))


@contextmanager
def answering(resolver: BaseResolver) -> Iterator[Server]:
    """A server of this resolver, by UDP and TCP."""
    port = free_port()
    with ExitStack() as running:
        for tcp in (False, True):
            server = DNSServer(resolver, address="127.0.0.1", port=port, tcp=tcp, logger=Quiet()).server
            running.callback(server.server_close)
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            running.callback(thread.join)
            running.callback(server.shutdown)
        yield Server("127.0.0.1", port)


@contextmanager
def caching(upstream: Server) -> Iterator[Server]:
    """A caching resolver that asks this server."""
    with answering(Cache(upstream.host, upstream.port)) as server:
        yield server
