"""What name servers and resolvers answer, compared with what is declared.

A caching resolver may return the old RRset until its TTL has passed (RFC 1035), or the absence of the name until the
zone's negative TTL has passed (RFC 2308). A problem says how many seconds of either remain.

Of a name that is handed to other servers, those of the zone say only where to (RFC 1034): the RRset that hands it over,
and addresses below it, stand in a referral, without authority. Caches ask on, and the other servers choose the TTL.
"""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.resolver
from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    wait_fixed,
)

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.addresses import servers
from provisioning_assets.backends.dns.records import canonical, presented
from provisioning_assets.core.evidence import CouldNotTell
from provisioning_assets.core.plan import Attributes, Json
from provisioning_assets.errors import ConfigurationError, NotConverged, Problem, ProviderFailed
from provisioning_assets.probes.mail import judge

TIMEOUT = 2.0
"""Seconds for one answer; after half of them the question is sent again, since packets get lost."""

PUBLIC = ("1.1.1.1", "8.8.8.8", "9.9.9.9")
"""Resolvers asked when PROVISIONING_RESOLVERS names none: three operators with networks all over the world."""

_RESOLVERS = "PROVISIONING_RESOLVERS"
_NAMESERVERS = "PROVISIONING_NAMESERVERS"
VARIABLES = {_RESOLVERS: servers, _NAMESERVERS: servers}
"""What is read here of a profile."""
_PORT = 53
_AT_ONCE = 8
"""Concurrent questions to one server."""


@dataclass(frozen=True, slots=True)
class Server:
    """A name server; `host` is an address."""

    host: str
    port: int = _PORT

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORT else f"{host}:{self.port}"


class NoAnswer(CouldNotTell):
    """A server did not answer before the deadline."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered: values in presentation form with their remaining TTL, or why there are none."""

    values: tuple[str, ...] = ()
    ttl: int = 0
    cname: str | None = None
    """The name that the values belong to, when a CNAME leads there."""
    problem: str | None = None
    elsewhere: bool = False
    """It comes from the servers that the name is handed to."""


def resolvers(access: Access) -> list[Server]:
    """The caching resolvers to ask: PROVISIONING_RESOLVERS, else the public ones and the system's."""
    if named := access.get(_RESOLVERS):
        return _servers(_RESOLVERS, named)
    found = [Server(host) for host in PUBLIC]
    with suppress(dns.resolver.NoResolverConfiguration):
        system = dns.resolver.get_default_resolver()
        found += [Server(str(host), system.port) for host in system.nameservers]
    return list(dict.fromkeys(found))


def authoritative_servers(zone: str, names: Sequence[str], access: Access) -> list[Server]:
    """Addresses of the zone's servers: PROVISIONING_NAMESERVERS, else the addresses of these names."""
    if named := access.get(_NAMESERVERS):
        return _servers(_NAMESERVERS, named)
    found: list[Server] = []
    for name in names:
        try:
            found.extend(Server(str(record)) for record in dns.resolver.resolve(name, "A", lifetime=TIMEOUT * 2))
        except dns.exception.DNSException as error:
            raise ProviderFailed(
                f"the name server {name} of {zone} has no address", cause=str(error), remedy="check the delegation"
            ) from None
    return found


def viewpoint(access: Access) -> dict[str, Json]:
    """The vantage point of the questions, as far as the profile sets it."""
    return access.viewpoint(_RESOLVERS, _NAMESERVERS)


def check_zone(rrsets: Mapping[str, Attributes], servers: Sequence[Server], *, cached: bool) -> dict[str, str | None]:
    """`<name> <type> @ <server>` to what is wrong with its answer; None where it is as declared.

    All servers are asked concurrently, so any number of silent ones cost a single deadline.
    """
    if not servers:
        return {}
    with ThreadPoolExecutor(len(servers)) as pool:
        answers = pool.map(lambda server: _check_at(server, rrsets, cached=cached), servers)
        return {
            f"{address} @ {server}": problem
            for server, problems in zip(servers, answers, strict=True)
            for address, problem in problems.items()
        }


def _check_at(server: Server, rrsets: Mapping[str, Attributes], *, cached: bool) -> dict[str, str | None]:
    """What is wrong with one server's answer for each RRset. After one time-out, the server is asked nothing more."""
    silent: list[str] = []

    def look(address: str) -> str | None:
        if silent:
            return CouldNotTell(f"{server} was not asked: it did not answer for {silent[0]}")
        problem = check_rrset(address, rrsets[address], server, cached=cached, cut=_cut(address, rrsets))
        if isinstance(problem, NoAnswer):
            silent.append(address)
        return problem

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(rrsets, pool.map(look, rrsets), strict=True))


def _cut(address: str, rrsets: Collection[str]) -> str:
    """The name at or above an address that is handed to other servers; empty where the zone's own answer."""
    name = address.rsplit(" ", 1)[0]
    labels = name.split(".")
    above = (".".join(labels[number:]) for number in range(len(labels)))
    return next((each for each in above if f"{each} NS" in rrsets), "")


def check_rrset(address: str, attributes: Attributes, server: Server, *, cached: bool, cut: str = "") -> str | None:
    """What is wrong with a server's answer for one RRset. A cache's TTL counts down; an authoritative one does not.

    `cut` is the name, at or above this one, that the zone hands to other servers.
    """
    name, kind = address.rsplit(" ", 1)
    found = ask(name, kind, server, authority=not cached, cut=cut)
    if found.problem:
        return found.problem
    left = f" for at most {found.ttl} s more" if cached else ""
    if "alias" in attributes:
        return _differs_from_alias(found, attributes["alias"], kind, server, cached=cached)
    declared = ", ".join(attributes["values"])
    if found.cname and kind != "CNAME":
        return f"{server} leads to {found.cname}{left}; declared is {declared}"
    if list(found.values) != sorted(canonical(value, kind) for value in attributes["values"]):
        return f"{server} answers {', '.join(found.values)}{left}; declared is {declared}"
    if found.elsewhere:
        return None
    return _wrong_ttl(found.ttl, attributes["ttl"], server, cached=cached) or judge(name, kind, found.values)


def ask(name: str, kind: str, server: Server, *, authority: bool, cut: str = "") -> Answer:
    """Ask one question over UDP, and over TCP if the answer is truncated; a referral is an answer at this cut alone."""
    query = dns.message.make_query(name, kind, use_edns=0, payload=1232)
    if authority:
        query.flags &= ~dns.flags.RD
    lost = Retrying(stop=stop_after_attempt(2), retry=retry_if_exception_type(dns.exception.Timeout), reraise=True)
    try:
        reply, _ = lost(dns.query.udp_with_fallback, query, server.host, timeout=TIMEOUT / 2, port=server.port)
        if reply.rcode() not in {dns.rcode.NXDOMAIN, dns.rcode.NOERROR}:
            said = dns.rcode.to_text(reply.rcode())
            return Answer(problem=CouldNotTell(f"{server} answers {said} for {name} {kind}: nothing is known"))
        if authority and not reply.flags & dns.flags.AA:
            referred = _referral(reply, name, kind, cut) if cut else None
            return referred or Answer(problem=f"{server} is not authoritative for {name}")
        chain = dns.message.QueryMessage.resolve_chaining(reply)  # type: ignore[arg-type] # a reply to a query is one
    except dns.exception.Timeout:
        return Answer(problem=NoAnswer(f"{server} does not answer: nothing is known of {name} {kind}"))
    except (dns.exception.DNSException, OSError) as error:
        return Answer(problem=CouldNotTell(f"{server} cannot be asked ({error}): nothing is known of {name} {kind}"))
    if chain.answer is None:
        what = "that the name does not exist" if reply.rcode() == dns.rcode.NXDOMAIN else f"that there is no {kind}"
        left = "" if authority else f" for at most {chain.minimum_ttl} s more"
        asked = chain.canonical_name.to_text(omit_final_dot=True)
        return Answer(problem=f"{server} answers {what} ({asked}){left}")
    values = sorted(presented(record) for record in chain.answer)
    cname = chain.canonical_name.to_text() if chain.cnames else None
    return Answer(tuple(values), chain.minimum_ttl, cname, elsewhere=bool(cut))


def _referral(reply: dns.message.Message, name: str, kind: str, cut: str) -> Answer | None:
    """What a referral says of an RRset: the one that hands the cut over, or an address of a server below it."""
    owner, kinds = dns.name.from_text(name), (dns.rdataclass.IN, dns.rdatatype.from_text(kind))
    handed = reply.get_rrset(reply.authority, dns.name.from_text(cut), dns.rdataclass.IN, dns.rdatatype.NS)
    if handed is None or reply.answer:
        return None
    found = handed if kind == "NS" else reply.get_rrset(reply.additional, owner, *kinds)
    if found is None:
        return Answer(problem=f"{cut} is handed to {', '.join(sorted(map(presented, handed)))}, without this {kind}")
    return Answer(tuple(sorted(presented(record) for record in found)), found.ttl)


def wait_until_served(wanted: Mapping[str, Attributes], servers: Sequence[Server], *, seconds: float = 30) -> None:
    """Return when each server answers as wanted; `NotConverged` names those that do not."""
    what = "name servers do not serve what was published"
    if not servers:
        raise NotConverged(what, cause="the zone has no name server that could be asked", remedy="check the delegation")
    attempts = Retrying(
        stop=stop_after_delay(seconds), wait=wait_fixed(0.3), retry=retry_if_result(lambda found: any(found.values()))
    )
    try:
        attempts(check_zone, wanted, servers, cached=False)
    except RetryError as error:
        wrong = "; ".join(problem for problem in error.last_attempt.result().values() if problem)
        remedy = f"run again; they had {seconds:.0f} s"
        raise NotConverged(what, where=", ".join(map(str, servers)), cause=wrong, remedy=remedy) from None


def _differs_from_alias(found: Answer, alias: str, kind: str, server: Server, *, cached: bool) -> str | None:
    """An alias must return what its target returns at the same server."""
    target = ask(alias, kind, server, authority=not cached)
    if target.problem:
        kept = type(target.problem)  # keeps apart "wrong" and "could not tell"
        return kept(f"the alias follows {alias}: {target.problem}")
    if found.values == target.values:
        return None
    left = f" for at most {max(found.ttl, target.ttl)} s more" if cached else ""
    answered, followed = ", ".join(found.values), ", ".join(target.values)
    return f"{server} answers {answered}{left}; the alias follows {alias}, which is {followed}"


def _wrong_ttl(found: int, documented: int, server: Server, *, cached: bool) -> str | None:
    if cached and found > documented:
        return f"{server} keeps it for {found} s more, under an older TTL; documented is {documented} s"
    if not cached and found != documented:
        return f"{server} serves a TTL of {found} s; documented is {documented} s"
    return None


def _servers(variable: str, text: str) -> list[Server]:
    """Servers of a list such as `127.0.0.1:5301, [::1]:5301, 192.0.2.53`."""
    try:
        return [Server(host, port or _PORT) for host, port in servers(text)]
    except ValueError as error:
        problem = Problem(variable, 0, 0, f"`{text}` names no servers", str(error))
        raise ConfigurationError([problem], remedy=f"correct the variable {variable}") from None
