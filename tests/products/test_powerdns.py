"""PowerDNS's own ways: what its API takes at once, and what it shows that nobody is served."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import dns.message
import dns.query
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from octodns_powerdns import PowerDnsProvider

from provisioning_assets.backends.dns.octodns import powerdns as product
from provisioning_assets.core.plan import Attributes, diff
from provisioning_assets.errors import ApplyFailed
from provisioning_assets.probes.resolvers import Server, check_zone
from tests.support.dns_zones import addresses, every_kind, publish
from tests.support.powerdns import PowerDnsServer, one, powerdns  # noqa: F401 - a fixture


@pytest.fixture
def server(powerdns: PowerDnsServer) -> PowerDnsServer:  # noqa: F811 - the fixture
    return powerdns


@pytest.fixture
def zone(server: PowerDnsServer) -> str:
    return server.zone()


@pytest.fixture
def provider(server: PowerDnsServer) -> Any:
    return server.open()


def served(server: PowerDnsServer, name: str, kind: str) -> list[str]:
    question = dns.message.make_query(name, kind)
    answer = dns.query.tcp(question, "127.0.0.1", 5, server.port).answer
    return sorted(each.to_text() for rrset in answer for each in rrset)


def test_what_is_written_is_served_at_once(server: PowerDnsServer, provider: Any, zone: str) -> None:
    asked = [Server("127.0.0.1", server.port)]
    there = {a: found for a, found in every_kind(zone).items() if not a.startswith("shop._domainkey")}  # this is no key
    for desired in (there, {**there, f"www.{zone} A": {"ttl": 90, "values": ["192.0.2.9"]}}):
        publish(provider, zone, desired)

        answers = check_zone(desired, asked, cached=False)
        assert len(answers) == len(desired)
        assert [problem for problem in answers.values() if problem] == []


WRITTEN = st.text(st.characters(exclude_categories=["Cs"]), max_size=600)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WRITTEN, min_size=1, max_size=20, unique=True))
def test_a_text_is_served_as_it_was_declared(
    server: PowerDnsServer, provider: Any, zone: str, values: list[str]
) -> None:
    desired: dict[str, Attributes] = {f"t.{zone} TXT": {"ttl": 60, "values": sorted(values)}}

    publish(provider, zone, desired)

    assert provider.read(zone) == desired
    question = dns.message.make_query(f"t.{zone}", "TXT")
    answer = dns.query.tcp(question, "127.0.0.1", 5, server.port).answer[0]
    assert sorted(b"".join(each.strings).decode() for each in answer) == sorted(values)


def test_a_text_that_another_writer_wrote_his_way_is_changed_and_deleted(
    server: PowerDnsServer, provider: Any, zone: str
) -> None:
    for desired in (one(zone, "t", "ours", kind="TXT"), {}):
        server.put(zone, f"t.{zone} TXT", '"two " "parts"', r'"a\;b;\"c\" \\"', r'"\255\254"')
        values = sorted(["two parts", 'a;b;"c" \\', "\\xff\\xfe"])
        assert provider.read(zone)[f"t.{zone} TXT"]["values"] == values

        publish(provider, zone, desired)

        assert provider.read(zone) == desired


def test_an_alias_is_served_with_the_addresses_of_its_target(server: PowerDnsServer, provider: Any, zone: str) -> None:
    both: dict[str, Attributes] = {
        f"{zone} A": {"ttl": 60, "values": ["192.0.2.1"]},
        f"{zone} AAAA": {"ttl": 60, "values": ["2001:db8::1"]},
        f"www.{zone} A": {"alias": zone},
        f"www.{zone} AAAA": {"alias": zone},
    }

    publish(provider, zone, both)

    assert provider.read(zone) == both
    assert f"www.{zone} ALIAS" in server.rrsets(zone)
    assert served(server, f"www.{zone}", "A") == ["192.0.2.1"]
    assert served(server, f"www.{zone}", "AAAA") == ["2001:db8::1"]


FOREIGN = {
    "host HINFO": '"a" "b"',
    "raw TYPE65300": r"\# 3 010203",
    "lua LUA": "A \"ifportup(443, {'192.0.2.1'})\"",
    "d DNAME": "elsewhere.example.",
    "_443._tcp TLSA": "3 1 1 " + "ab" * 32,
    "phone NAPTR": '10 20 "u" "sip+E2U" "!^.*$!sip:x@example.com!" .',
}


def test_types_that_octodns_does_not_know_are_read_and_survive(
    server: PowerDnsServer, provider: Any, zone: str
) -> None:
    for address, content in FOREIGN.items():
        name, _, kind = address.rpartition(" ")
        server.put(zone, f"{name}.{zone} {kind}", content, comments=[{"content": "mine", "account": "them"}])
    before, theirs = server.rrsets(zone), provider.read(zone)
    assert len(theirs) == len(FOREIGN)
    ours = every_kind(zone)

    provider.write(zone, diff(ours, {}).changes)
    assert provider.read(zone) == theirs | ours
    provider.write(zone, diff({}, ours).changes)

    before.pop(f"{zone} SOA")
    after = server.rrsets(zone)
    assert {address: after.get(address) for address in before} == before


def test_a_type_that_octodns_does_not_know_is_named_when_it_is_to_go(
    server: PowerDnsServer, provider: Any, zone: str
) -> None:
    address = f"host.{zone} HINFO"
    server.put(zone, address, '"a" "b"')

    with pytest.raises(ApplyFailed) as caught:
        publish(provider, zone, one(zone, "www", "192.0.2.1"))

    assert caught.value.where == address
    assert set(provider.read(zone)) == {address}


def test_a_record_that_is_disabled_is_not_there(server: PowerDnsServer, provider: Any, zone: str) -> None:
    server.put(zone, f"half.{zone} A", "192.0.2.1", "!192.0.2.2")
    server.put(zone, f"off.{zone} A", "!192.0.2.3")
    server.put(zone, f"host.{zone} HINFO", '!"a" "b"')
    assert provider.read(zone) == one(zone, "half", "192.0.2.1")


@pytest.mark.parametrize("name", ["half", "off"])
def test_a_disabled_record_is_not_deleted_unseen(server: PowerDnsServer, provider: Any, zone: str, name: str) -> None:
    server.put(zone, f"half.{zone} A", "192.0.2.1", "!192.0.2.2")
    server.put(zone, f"off.{zone} A", "!192.0.2.3")
    before = provider.read(zone)
    wanted = before | one(zone, name, "192.0.2.9") | one(zone, "www", "192.0.2.9")

    with pytest.raises(ApplyFailed) as caught:
        publish(provider, zone, wanted)

    assert caught.value.where == f"{name}.{zone} A"
    assert provider.read(zone) == before
    server.put(zone, f"{name}.{zone} A", "192.0.2.9")
    publish(provider, zone, wanted)
    assert provider.read(zone) == wanted


def test_the_name_servers_of_the_zone_are_left_alone(server: PowerDnsServer, provider: Any, zone: str) -> None:
    publish(provider, zone, every_kind(zone))
    publish(provider, zone, {})

    assert provider.name_servers(zone) == ["ns1.servers.test", "ns2.servers.test"]


def test_one_bad_record_stops_all_the_others(server: PowerDnsServer, provider: Any, zone: str) -> None:
    server.put(zone, f"www.{zone} A", "192.0.2.66")
    wanted = addresses(zone, 20) | one(zone, "www", "shop.example.", kind="CNAME")

    with pytest.raises(ApplyFailed) as caught:
        provider.write(zone, diff(wanted, {}).changes)

    assert caught.value.where == f"www.{zone} CNAME"
    assert "422" in caught.value.cause
    assert provider.read(zone) == one(zone, "www", "192.0.2.66")


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], object]]]:
    """What somebody else does between our last look at the zone and the write."""
    yield from doing_before(product._Provider, monkeypatch)


@pytest.fixture
def at_the_last_moment(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], object]]]:
    """What somebody else does between our look at the serial and the write."""
    yield from doing_before(PowerDnsProvider, monkeypatch)


def doing_before(provider: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], object]]]:
    doing: list[Callable[[], object]] = []
    really = provider._patch

    def patch(made: Any, path: str, data: Any = None) -> Any:
        while doing:
            doing.pop()()
        return really(made, path, data)

    monkeypatch.setattr(provider, "_patch", patch)
    yield doing
    assert not doing


def test_whatever_comes_while_a_write_is_made_ready_stops_it(
    server: PowerDnsServer, provider: Any, zone: str, meanwhile: list[Callable[[], object]]
) -> None:
    theirs = one(zone, "www", "192.0.2.66") | one(zone, "theirs", "192.0.2.67")
    for address, attributes in theirs.items():
        meanwhile.append(partial(server.put, zone, address, *attributes["values"]))

    with pytest.raises(ApplyFailed) as caught:
        provider.write(zone, diff(one(zone, "www", "192.0.2.1"), {}).changes)

    assert caught.value.remedy
    assert provider.read(zone) == theirs


def test_the_same_record_that_came_at_the_last_moment_is_overwritten(
    server: PowerDnsServer, provider: Any, zone: str, at_the_last_moment: list[Callable[[], object]]
) -> None:
    """What the catalogue says that it lacks. When this fails, the product has become better than its row."""
    at_the_last_moment.append(partial(server.put, zone, f"www.{zone} A", "192.0.2.66"))
    at_the_last_moment.append(partial(server.put, zone, f"theirs.{zone} A", "192.0.2.67"))

    provider.write(zone, diff(one(zone, "www", "192.0.2.1"), {}).changes)

    assert provider.read(zone) == one(zone, "www", "192.0.2.1") | one(zone, "theirs", "192.0.2.67")


def test_another_type_that_comes_at_the_last_moment_stops_the_write(
    server: PowerDnsServer, provider: Any, zone: str, at_the_last_moment: list[Callable[[], object]]
) -> None:
    at_the_last_moment.append(partial(server.put, zone, f"www.{zone} CNAME", "theirs.example."))

    with pytest.raises(ApplyFailed):
        provider.write(zone, diff(one(zone, "www", "192.0.2.1") | one(zone, "api", "192.0.2.1"), {}).changes)

    assert provider.read(zone) == one(zone, "www", "theirs.example.", kind="CNAME")


@pytest.mark.parametrize("moment", ["meanwhile", "at_the_last_moment"])
def test_a_zone_that_is_deleted_while_it_is_written_is_not_made_anew(
    server: PowerDnsServer, provider: Any, zone: str, moment: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(moment).append(partial(server.ask, "DELETE", f"zones/{zone}."))

    with pytest.raises(ApplyFailed) as caught:
        provider.write(zone, diff(one(zone, "www", "192.0.2.1"), {}).changes)

    assert "stage" in caught.value.remedy
    assert zone not in str(server.ask("GET", "zones"))


def test_many_writers_of_one_zone_lose_nothing(server: PowerDnsServer, zone: str) -> None:
    wanted = [one(zone, f"n{number}", "192.0.2.1") for number in range(6)]
    for desired in wanted:
        server.open().write(zone, diff(desired, {}).changes)

    assert set(server.open().read(zone)) == {address for desired in wanted for address in desired}


def test_a_write_whose_answer_is_lost_is_looked_for(provider: Any, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    really = product._Provider._patch

    def lost(made: Any, path: str, data: Any = None) -> Any:
        really(made, path, data)
        raise requests.ReadTimeout

    monkeypatch.setattr(product._Provider, "_patch", lost)

    provider.write(zone, diff(one(zone, "www", "192.0.2.1"), {}).changes)

    assert provider.read(zone) == one(zone, "www", "192.0.2.1")
