"""DNS products for their contract suite, each on one of its servers, with an empty zone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from provisioning_assets.backends.dns import DnsProvider
from provisioning_assets.core.kinds import Kind
from tests.fakes import dns as memory
from tests.support.back_ends import aws_access, opened
from tests.support.dns_servers import NameServer, open_rfc2136
from tests.support.dns_zones import make_hosted_zone, unused_name
from tests.support.powerdns import PowerDnsServer


@dataclass(frozen=True)
class Subject:
    """A product on one of its servers."""

    product: str
    zone: str
    """An empty zone."""
    provider: DnsProvider
    at: Callable[[str], DnsProvider]
    """The product at another `host:port`."""
    again: Callable[[], DnsProvider]
    """The product opened once more."""


def in_memory(_request: pytest.FixtureRequest) -> Subject:
    zone, provider = unused_name(), memory.MemoryDns()
    provider.make_zone(zone)
    return Subject("memory", zone, provider, lambda _: memory.MemoryDns(away=True), memory.MemoryDns)


def on_moto(request: pytest.FixtureRequest) -> Subject:
    zone, access = unused_name(), aws_access(request.getfixturevalue("moto"))
    make_hosted_zone(access, zone)

    def route53(address: str = "") -> DnsProvider:
        return opened(Kind.DNS, "route53", aws_access(f"http://{address}") if address else access)

    return Subject("route53", zone, route53(), route53, route53)


def on_bind(request: pytest.FixtureRequest) -> Subject:
    return dynamic(request.getfixturevalue("bind"))


def on_knot(request: pytest.FixtureRequest) -> Subject:
    return dynamic(request.getfixturevalue("knot"))


def dynamic(server: NameServer) -> Subject:
    def rfc2136(address: str = "") -> DnsProvider:
        return open_rfc2136(address or server.address, server.key_file)

    return Subject("rfc2136", server.zone(), rfc2136(), rfc2136, rfc2136)


def on_powerdns(request: pytest.FixtureRequest) -> Subject:
    server: PowerDnsServer = request.getfixturevalue("powerdns")

    def at(address: str = "") -> DnsProvider:
        return server.open(**({"PDNS_SERVER_URL": f"http://{address}"} if address else {}))

    return Subject("powerdns", server.zone(), at(), at, at)


SUBJECTS: Mapping[str, Mapping[str, Callable[[pytest.FixtureRequest], Subject]]] = {
    "memory": {"memory": in_memory},
    "route53": {"moto": on_moto},
    "rfc2136": {"bind": on_bind, "knot": on_knot},
    "powerdns": {"debian": on_powerdns},
}
