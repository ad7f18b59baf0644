"""What name servers and resolvers answer, held against what is declared.

A caching resolver may answer with the old RRset until its TTL has passed (RFC 1035), or with the name's
absence until the zone's negative TTL has (RFC 2308): both are told with the seconds that remain.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from provisioning_assets.errors import NotConverged, ProviderFailed
from provisioning_assets.plan import Attributes

TIMEOUT = 2.0
"""Seconds for one answer."""

PUBLIC = ("1.1.1.1", "8.8.8.8", "9.9.9.9")
"""Resolvers asked when PROVISIONING_RESOLVERS names none: three operators with networks all over the world."""

_PORT = 53


@dataclass(frozen=True, slots=True)
class Server:
    """A name server; `host` is an address."""

    host: str
    port: int = _PORT

    def __str__(self) -> str:
        return self.host if self.port == _PORT else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: values in presentation form and their TTL, or why there are none."""

    values: tuple[str, ...] = ()
    ttl: int = 0
    problem: str | None = None


def resolvers() -> list[Server]:
    """The caching resolvers that are asked: PROVISIONING_RESOLVERS, else public ones."""
    named = os.environ.get("PROVISIONING_RESOLVERS", "")
    return _servers(named) if named else [Server(host) for host in PUBLIC]


def authoritative_servers(zone: str, names: Sequence[str]) -> list[Server]:
    """Addresses of the zone's servers: PROVISIONING_NAMESERVERS, else those of the names."""
    named = os.environ.get("PROVISIONING_NAMESERVERS", "")
    if named:
        return _servers(named)
    found: list[Server] = []
    for name in names:
        try:
            found.extend(Server(str(record)) for record in dns.resolver.resolve(name, "A", lifetime=TIMEOUT * 2))
        except dns.exception.DNSException as error:
            raise ProviderFailed(
                f"the name server {name} of {zone} has no address", cause=str(error), remedy="check the delegation"
            ) from None
    return found


def check_zone(rrsets: Mapping[str, Attributes], servers: Sequence[Server], *, cached: bool) -> dict[str, str | None]:
    """`<name> <type> @ <server>` to what is wrong with its answer; None where it is as declared."""
    if not servers:
        return {}
    work = [(address, attributes, server) for server in servers for address, attributes in rrsets.items()]
    with ThreadPoolExecutor(max_workers=8) as pool:
        problems = pool.map(lambda each: check_rrset(*each, cached=cached), work)
        return {f"{address} @ {server}": p for (address, _, server), p in zip(work, problems, strict=True)}


def check_rrset(address: str, attributes: Attributes, server: Server, *, cached: bool) -> str | None:
    """What is wrong with a server's answer for one RRset. A cache's TTL counts down, an authority's does not."""
    name, kind = address.rsplit(" ", 1)
    found = ask(name, kind, server, authority=not cached)
    wanted, ttl = _wanted(attributes, kind, server, cached=cached)
    if found.problem:
        return found.problem
    if sorted(found.values) != sorted(wanted):
        old = ", ".join(found.values)
        left = f", for at most {found.ttl} s more" if cached else ""
        return f"{server} answers {old}{left}; declared is {', '.join(wanted)}"
    if ttl is not None and not cached and found.ttl != ttl:
        return f"{server} serves a TTL of {found.ttl} s; documented is {ttl} s"
    if ttl is not None and found.ttl > ttl:
        return f"{server} serves a TTL of {found.ttl} s, longer than the documented {ttl} s"
    return None


def ask(name: str, kind: str, server: Server, *, authority: bool) -> Answer:
    """One question, by UDP and on truncation by TCP."""
    query = dns.message.make_query(name, kind, use_edns=0, payload=1232)
    if authority:
        query.flags &= ~dns.flags.RD
    try:
        reply, _ = dns.query.udp_with_fallback(query, server.host, timeout=TIMEOUT, port=server.port)
    except (dns.exception.DNSException, OSError) as error:
        why = "does not answer" if isinstance(error, dns.exception.Timeout) else f"cannot be asked ({error})"
        return Answer(problem=f"{server} {why}: nothing is known of {name} {kind}")
    if authority and not reply.flags & dns.flags.AA and reply.rcode() == dns.rcode.NOERROR:
        return Answer(problem=f"{server} is not authoritative for {name}")
    wanted_type = dns.rdatatype.from_text(kind)
    rrset = next((rrset for rrset in reply.answer if rrset.rdtype == wanted_type), None)
    if rrset is None:
        return Answer(problem=_absent(name, kind, server, reply))
    ttl = min(each.ttl for each in reply.answer)
    return Answer(tuple(sorted(_presented(str(record), kind) for record in rrset)), ttl)


def wait_until_served(wanted: Mapping[str, Attributes], servers: Sequence[Server], *, seconds: float = 30) -> None:
    """Return when each server answers as wanted; `NotConverged` names the one that does not."""
    attempts = Retrying(
        stop=stop_after_delay(seconds), wait=wait_fixed(0.3), retry=retry_if_result(lambda found: any(found.values()))
    )
    try:
        attempts(check_zone, wanted, servers, cached=False)
    except RetryError as error:
        wrong = "; ".join(problem for problem in error.last_attempt.result().values() if problem)
        raise NotConverged("name servers do not serve what was published", cause=wrong, remedy="run again") from None


def _absent(name: str, kind: str, server: Server, reply: dns.message.Message) -> str:
    code = reply.rcode()
    if code not in {dns.rcode.NXDOMAIN, dns.rcode.NOERROR}:
        return f"{server} answers {dns.rcode.to_text(code)} for {name} {kind}: nothing is known"
    what = "that the name does not exist" if code == dns.rcode.NXDOMAIN else f"that there is no {kind}"
    soa = next((rrset for rrset in reply.authority if rrset.rdtype == dns.rdatatype.SOA), None)
    left = f", for at most {min(soa.ttl, soa[0].minimum)} s more" if soa else ""
    return f"{server} answers {what} ({name}){left}"


def _wanted(attributes: Attributes, kind: str, server: Server, *, cached: bool) -> tuple[list[str], int | None]:
    """Declared values and TTL; an alias is to answer what its target answers."""
    if "alias" in attributes:
        target = ask(attributes["alias"], kind, server, authority=not cached)
        return list(target.values), None
    return sorted(_normal(value, kind) for value in attributes["values"]), attributes["ttl"]


def _normal(value: str, kind: str) -> str:
    return value.lower() if kind in {"CNAME", "MX", "NS", "AAAA"} else value


def _presented(text: str, kind: str) -> str:
    """Turn the presentation of dnspython into ours: TXT without quotes, joined."""
    if kind != "TXT":
        return _normal(text, kind)
    parts: Iterable[str] = text.removeprefix('"').removesuffix('"').split('" "')
    return "".join(parts).replace('\\"', '"').replace("\\\\", "\\")


def _servers(text: str) -> list[Server]:
    found = []
    for each in filter(None, (part.strip() for part in text.split(","))):
        host, _, port = each.rpartition(":") if each.count(":") == 1 or "]:" in each else (each, "", "")
        found.append(Server(host.strip("[]"), int(port or _PORT)))
    return found
