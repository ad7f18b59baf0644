"""A name that a zone hands to other servers: what real servers say of it is compared with what is declared."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from provisioning_assets.backends.dns import DnsProvider
from provisioning_assets.core.evidence import CouldNotTell
from provisioning_assets.core.plan import Attributes
from provisioning_assets.probes.resolvers import Server, check_zone
from provisioning_assets.sandbox import name_server
from tests.support.dns_servers import NameServer, bind, knot, open_rfc2136  # noqa: F401 - fixtures
from tests.support.dns_zones import publish
from tests.support.name_servers import Zone, answering, caching
from tests.support.powerdns import PowerDnsServer, powerdns  # noqa: F401 - a fixture

Published = tuple[DnsProvider, str, Server]


def declared(zone: str, cut: str = "sub") -> dict[str, Attributes]:
    """A delegation to a server below it and one elsewhere, the address of the first, and a name beside it."""
    return {
        f"{cut}.{zone} NS": {"ttl": 300, "values": [f"ns1.{cut}.{zone}.", "ns2.other.example."]},
        f"ns1.{cut}.{zone} A": {"ttl": 120, "values": ["192.0.2.7"]},
        f"beside.{zone} A": {"ttl": 60, "values": ["192.0.2.9"]},
    }


def by_update(server: NameServer) -> Published:
    """A zone of a server that takes dynamic updates."""
    host, _, port = server.address.rpartition(":")
    return open_rfc2136(server.address, server.key_file), server.zone(), Server(host, int(port))


def on_powerdns(server: PowerDnsServer) -> Published:
    return server.open(), server.zone(), Server("127.0.0.1", server.port)


@pytest.fixture(params=["bind", "knot", "powerdns"])
def published(request: pytest.FixtureRequest) -> Published:
    """A product, an empty zone of it, and its server."""
    made: Callable[..., Published] = on_powerdns if request.param == "powerdns" else by_update
    return made(request.getfixturevalue(request.param))


def test_a_delegation_is_served_as_declared(published: Published) -> None:
    provider, zone, server = published
    publish(provider, zone, declared(zone))
    assert set(check_zone(declared(zone), [server], cached=False).values()) == {None}


WRONG: list[tuple[str, Attributes]] = [
    ("sub.{} NS", {"ttl": 300, "values": ["ns2.other.example."]}),
    ("sub.{} NS", {"ttl": 90, "values": ["ns1.sub.{}.", "ns2.other.example."]}),
    ("ns1.sub.{} A", {"ttl": 120, "values": ["192.0.2.8"]}),
    ("ns1.sub.{} A", {"ttl": 60, "values": ["192.0.2.7"]}),
]


@pytest.mark.parametrize(("address", "served"), WRONG)
def test_another_delegation_than_declared_is_named(published: Published, address: str, served: Attributes) -> None:
    provider, zone, server = published
    wanted, changed = declared(zone), address.format(zone)
    values = [value.format(zone) for value in served["values"]]
    publish(provider, zone, {**wanted, changed: {**served, "values": values}})
    found = check_zone(wanted, [server], cached=False)
    wrong = {each for each, problem in found.items() if problem and not isinstance(problem, CouldNotTell)}
    # Without its name server, an address below the cut is not told either.
    assert f"{changed} @ {server}" in wrong
    assert f"beside.{zone} A @ {server}" not in wrong


def test_a_delegation_that_is_not_there_is_named(published: Published) -> None:
    provider, zone, server = published
    wanted = declared(zone)
    publish(provider, zone, {f"beside.{zone} A": wanted[f"beside.{zone} A"]})
    found = check_zone(wanted, [server], cached=False)
    assert [each for each, problem in found.items() if problem is None] == [f"beside.{zone} A @ {server}"]


def test_an_undeclared_delegation_hides_what_lies_below_it(published: Published) -> None:
    provider, zone, server = published
    mine = {f"www.sub.{zone} A": {"ttl": 60, "values": ["192.0.2.1"]}}
    publish(provider, zone, {**mine, f"sub.{zone} NS": {"ttl": 60, "values": [f"www.sub.{zone}."]}})
    (problem,) = check_zone(mine, [server], cached=False).values()
    assert problem
    assert not isinstance(problem, CouldNotTell)


@contextmanager
def handed_to(**rrsets: Attributes) -> Iterator[tuple[str, Server]]:
    """A cache of what the servers say that `sub` is handed to."""
    zone = "shop.example"
    child = Zone(f"sub.{zone}", {key.replace("__", " "): value for key, value in rrsets.items()})
    with answering(child) as authority, caching(authority) as cache:
        yield zone, cache


@pytest.mark.parametrize("ttl", [30, 86_400])
def test_the_servers_that_it_is_handed_to_choose_the_ttl_in_caches(ttl: int) -> None:
    own: Attributes = {"ttl": ttl, "values": ["ns1.sub.shop.example.", "ns2.other.example."]}
    address: Attributes = {"ttl": ttl, "values": ["192.0.2.7"]}
    with handed_to(**{"sub.shop.example__NS": own, "ns1.sub.shop.example__A": address}) as (zone, cache):
        wanted = {each: value for each, value in declared(zone).items() if "sub" in each}
        assert set(check_zone(wanted, [cache], cached=True).values()) == {None}


def test_servers_that_disagree_about_whose_it_is_are_red_in_caches() -> None:
    own: Attributes = {"ttl": 60, "values": ["ns9.other.example."]}
    with handed_to(**{"sub.shop.example__NS": own}) as (zone, cache):
        wanted = {f"sub.{zone} NS": declared(zone)[f"sub.{zone} NS"]}
        (problem,) = check_zone(wanted, [cache], cached=True).values()
    assert problem
    assert not isinstance(problem, CouldNotTell)


class OneZone:
    """Zones of the sandbox, of which there is one, as Route 53 would list it."""

    def __init__(self, zone: str) -> None:
        soa = {"values": ["ns-1.awsdns-1.net. hostmaster.awsdns.com. 1 7200 900 1209600 86400"], "ttl": 900}
        listed = {tuple(address.split(" ")): about for address, about in declared(zone).items()}
        self.zone = name_server.Zone(zone, {
            (name, kind): {"TTL": about["ttl"], "ResourceRecords": [{"Value": value} for value in about["values"]]}
            for (name, kind), about in [*listed.items(), ((zone, "SOA"), soa)]
        })  # fmt: skip

    def holding(self, _name: str, _since: float) -> name_server.Zone:
        return self.zone


def test_the_sandboxs_name_server_refers_and_its_cache_cannot_ask_on() -> None:
    zone = "shop.example"
    with answering(name_server.Authority(OneZone(zone))) as server, caching(server) as cache:
        assert set(check_zone(declared(zone), [server], cached=False).values()) == {None}
        found = check_zone(declared(zone), [cache], cached=True)
    below = {address for address, problem in found.items() if isinstance(problem, CouldNotTell)}
    assert below == {f"{address} @ {cache}" for address in declared(zone) if "sub" in address}
