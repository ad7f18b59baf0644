"""What is declared beside what a real authoritative server and a real cache answer, while one is made wrong."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.core.evidence import CouldNotTell, Finding, Verdict
from provisioning_assets.core.plan import Attributes
from provisioning_assets.errors import ConfigurationError, NotConverged
from provisioning_assets.probes.resolvers import (
    TIMEOUT,
    Server,
    ask,
    authoritative_servers,
    check_rrset,
    check_zone,
    resolvers,
    wait_until_served,
)
from tests.support.name_servers import Zone, answering, caching
from tests.support.waiting import wait_until

NAME = "shop.example"
WWW = f"www.{NAME} A"
OLD: Attributes = {"ttl": 3, "values": ["192.0.2.1"]}
NEW: Attributes = {"ttl": 3, "values": ["192.0.2.2"]}


@pytest.fixture
def zone() -> Zone:
    return Zone(NAME)


@pytest.fixture
def authority(zone: Zone) -> Iterator[Server]:
    with answering(zone) as server:
        yield server


@pytest.fixture
def resolver(authority: Server) -> Iterator[Server]:
    with caching(authority) as server:
        yield server


@contextmanager
def quiet_port() -> Iterator[Server]:
    """A server that takes questions and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield Server("127.0.0.1", bound.getsockname()[1])


def numbers(problem: str | None) -> list[int]:
    """Each `<number> s` of what is told."""
    return [int(each) for each in re.findall(r"\b(\d+) s\b", problem or "")]


def seen_wrong(problem: str | None, *about: object) -> bool:
    """That somebody looked, and what was seen is named."""
    assert problem, "nothing is wrong there"
    return not isinstance(problem, CouldNotTell) and all(str(each) in problem for each in about)


def unknown(problem: str | None, *about: object) -> bool:
    """That nobody could look, and at what."""
    return isinstance(problem, CouldNotTell) and all(str(each) in problem for each in about)


def becomes_green(address: str, attributes: Attributes, resolver: Server, *, within: float) -> float:
    started = time.monotonic()
    wait_until(lambda: check_rrset(address, attributes, resolver, cached=True) is None, within=within)
    return time.monotonic() - started


def test_a_cached_old_answer_is_red_until_its_ttl_is_over(zone: Zone, authority: Server, resolver: Server) -> None:
    zone.rrsets[WWW] = OLD
    assert check_rrset(WWW, OLD, resolver, cached=True) is None

    zone.rrsets[WWW] = NEW

    assert check_rrset(WWW, NEW, authority, cached=False) is None
    problem = check_rrset(WWW, NEW, resolver, cached=True)
    assert seen_wrong(problem, resolver, "192.0.2.1", "192.0.2.2")
    (left,) = numbers(problem)
    assert 0 < left <= 3
    assert becomes_green(WWW, NEW, resolver, within=left + 2) > 1


def test_a_cached_absence_is_red_until_the_negative_ttl_is_over(zone: Zone, resolver: Server) -> None:
    assert seen_wrong(check_rrset(WWW, NEW, resolver, cached=True), resolver, f"www.{NAME}")

    zone.rrsets[WWW] = NEW

    (left,) = numbers(check_rrset(WWW, NEW, resolver, cached=True))
    assert 0 <= left <= 2
    assert becomes_green(WWW, NEW, resolver, within=4) > 0.5


def test_a_type_that_is_missing_at_a_name_that_exists_is_red(zone: Zone, authority: Server) -> None:
    zone.rrsets[WWW] = NEW
    absent: Attributes = {"ttl": 3, "values": ["2001:db8::1"]}
    of_type = check_rrset(f"www.{NAME} AAAA", absent, authority, cached=False)
    of_name = check_rrset(f"api.{NAME} AAAA", absent, authority, cached=False)
    assert seen_wrong(of_type, authority, f"www.{NAME}", "AAAA")
    assert seen_wrong(of_name, authority, f"api.{NAME}")
    assert str(of_type).replace("www", "api") != of_name, "absence of a type and of a name are told alike"


def test_nothing_is_known_from_a_resolver_that_is_away(zone: Zone, authority: Server, resolver: Server) -> None:
    zone.rrsets[WWW] = NEW
    with quiet_port() as silent:
        found = check_zone({WWW: NEW}, [resolver, silent], cached=True)
    assert found[f"{WWW} @ {resolver}"] is None
    assert unknown(found[f"{WWW} @ {silent}"], silent, WWW)
    assert Finding.over("answers", found).verdict is Verdict.COULD_NOT_TELL


def test_what_was_seen_wrong_weighs_more_than_a_silent_server(zone: Zone, authority: Server) -> None:
    zone.rrsets[WWW] = OLD
    with quiet_port() as silent:
        finding = Finding.over("answers", check_zone({WWW: NEW}, [silent, authority], cached=False))
    assert finding.verdict is Verdict.RED
    assert set(finding.problems) == {f"{WWW} @ {silent}", f"{WWW} @ {authority}"}


def test_two_hundred_records_at_silent_servers_cost_one_deadline(zone: Zone, authority: Server) -> None:
    rrsets = {f"h{n}.{NAME} A": NEW for n in range(200)}
    zone.rrsets.update(rrsets)
    with quiet_port() as silent, quiet_port() as another:
        started = time.monotonic()
        found = check_zone(rrsets, [silent, another, authority], cached=False)
        seconds = time.monotonic() - started

    assert TIMEOUT <= seconds < 2 * TIMEOUT
    assert len(found) == 600
    for server in (silent, another):
        assert all(unknown(found[f"{address} @ {server}"], server) for address in rrsets)
    assert not any(found[f"{address} @ {authority}"] for address in rrsets)


def test_who_is_not_asked_any_more_is_told_with_the_first_question() -> None:
    rrsets = {f"h{n}.{NAME} A": NEW for n in range(200)}
    with quiet_port() as silent:
        found = check_zone(rrsets, [silent], cached=True)
    not_asked = [problem for address, problem in found.items() if address.rpartition(" @ ")[0] not in str(problem)]
    assert not_asked
    first = {address for address in rrsets for problem in not_asked if f"{address}" in str(problem)}
    assert len(first) == 1


def test_a_lost_packet_gives_no_server_up(zone: Zone, authority: Server) -> None:
    zone.rrsets[WWW] = NEW
    zone.loses = 1
    assert check_zone({WWW: NEW}, [authority], cached=False) == {f"{WWW} @ {authority}": None}
    assert zone.loses == 0


def test_fifteen_rrsets_at_two_servers_take_less_than_two_seconds(
    zone: Zone, authority: Server, resolver: Server
) -> None:
    zone.rrsets.update({f"h{n}.{NAME} A": NEW for n in range(15)})
    started = time.monotonic()
    found = check_zone(dict(zone.rrsets), [authority, resolver], cached=True)
    assert time.monotonic() - started < 2
    assert len(found) == 30
    assert not any(found.values())


def test_no_server_means_no_answer_and_never_a_green_one() -> None:
    assert check_zone({WWW: NEW}, [], cached=True) == {}
    assert Finding.over("answers", {}).verdict is Verdict.RED
    with pytest.raises(NotConverged):
        wait_until_served({WWW: NEW}, [])


def test_a_server_without_authority_is_red(zone: Zone, authority: Server) -> None:
    zone.rrsets[WWW] = NEW
    zone.authoritative = False
    assert seen_wrong(check_rrset(WWW, NEW, authority, cached=False), authority, f"www.{NAME}")


@pytest.mark.parametrize("refusal", ["REFUSED", "SERVFAIL"])
def test_nothing_is_known_from_a_server_that_refuses(zone: Zone, authority: Server, refusal: str) -> None:
    zone.rrsets[WWW] = NEW
    zone.refusal = refusal
    assert unknown(check_rrset(WWW, NEW, authority, cached=False), authority, refusal, WWW)


def test_nothing_is_known_of_an_alias_whose_target_cannot_be_asked(zone: Zone, authority: Server) -> None:
    alias = {"alias": f"elsewhere.{NAME}"}
    zone.rrsets.update({f"elsewhere.{NAME} A": NEW, WWW: alias})
    assert check_rrset(WWW, alias, authority, cached=False) is None
    zone.silent_about = f"elsewhere.{NAME}"
    assert unknown(check_rrset(WWW, alias, authority, cached=False), authority, f"elsewhere.{NAME}")


def test_nothing_is_known_where_a_server_cannot_be_asked_at_all() -> None:
    assert unknown(check_rrset(WWW, NEW, Server("255.255.255.255"), cached=True), "255.255.255.255", WWW)


def test_another_ttl_than_the_documented_one_is_red(zone: Zone, authority: Server, resolver: Server) -> None:
    zone.rrsets[WWW] = {"ttl": 86400, "values": NEW["values"]}
    for server, cached in ((authority, False), (resolver, True)):
        problem = check_rrset(WWW, NEW, server, cached=cached)
        assert seen_wrong(problem, server)
        assert set(numbers(problem)) == {86400, 3}


def test_an_alias_is_as_its_target_is(zone: Zone, authority: Server) -> None:
    apex, alias = f"{NAME} A", {"alias": NAME}
    zone.rrsets.update({apex: NEW, WWW: alias})
    assert check_rrset(WWW, alias, authority, cached=False) is None

    zone.rrsets[WWW] = OLD
    problem = check_rrset(WWW, alias, authority, cached=False)
    assert seen_wrong(problem, authority, NAME, "192.0.2.1", "192.0.2.2")

    del zone.rrsets[apex]
    assert seen_wrong(check_rrset(WWW, alias, authority, cached=False), NAME)


def test_the_right_address_through_an_undeclared_cname_is_red(zone: Zone, authority: Server) -> None:
    zone.rrsets[f"www.{NAME} CNAME"] = {"ttl": 3, "values": [f"api.{NAME}."]}
    zone.rrsets[f"api.{NAME} A"] = NEW
    assert seen_wrong(check_rrset(WWW, NEW, authority, cached=False), f"api.{NAME}.")


@pytest.mark.parametrize(
    ("address", "values"),
    [
        (f"{NAME} MX", ["10 MX1.mail.example.", "20 mx2.mail.example."]),
        (f"status.{NAME} CNAME", [f"api.{NAME}."]),
        (f"{NAME} AAAA", ["2001:DB8::10"]),
        (f"{NAME} CAA", ['0 issue "letsencrypt.org"']),
        (f"_sip._tcp.{NAME} SRV", ["10 5 443 sip.example."]),
        (f"{NAME} TXT", ["v=spf1 ip4:192.0.2.0/24 -all", "another " * 60]),
    ],
)
def test_every_type_is_compared_in_its_canonical_form(
    zone: Zone, authority: Server, address: str, values: list[str]
) -> None:
    zone.rrsets[address] = {"ttl": 60, "values": values}
    assert check_rrset(address, zone.rrsets[address], authority, cached=False) is None

    changed = {"ttl": 60, "values": values[1:] or ["192.0.2.77"]}
    assert seen_wrong(check_rrset(address, changed, authority, cached=False), authority, *changed["values"])


def test_a_policy_that_no_reader_can_use_is_red_even_as_declared(zone: Zone, authority: Server) -> None:
    address = f"_dmarc.{NAME} TXT"
    zone.rrsets[address] = {"ttl": 60, "values": ["v=DMARC1; p=reject; pct=50"]}
    problem = check_rrset(address, zone.rrsets[address], authority, cached=False)
    assert seen_wrong(problem, "DMARC", "pct")


def test_waiting_ends_with_the_server_that_does_not_follow(zone: Zone, authority: Server) -> None:
    zone.rrsets[WWW] = OLD
    with pytest.raises(NotConverged) as error:
        wait_until_served({WWW: NEW}, [authority], seconds=0.5)
    assert error.value.where == str(authority)
    assert "192.0.2.1" in error.value.cause
    assert error.value.remedy
    zone.rrsets[WWW] = NEW
    wait_until_served({WWW: NEW}, [authority])


def test_an_answer_too_long_for_udp_comes_by_tcp(zone: Zone, authority: Server) -> None:
    values = [f"{n} " + "x" * 240 for n in range(12)]
    zone.rrsets[f"big.{NAME} TXT"] = {"ttl": 60, "values": values}
    assert len(ask(f"big.{NAME}", "TXT", authority, authority=True).values) == 12


def seeing(**variables: str) -> Access:
    return Access("the test's own", variables)


def test_servers_come_from_the_profile() -> None:
    access = seeing(PROVISIONING_NAMESERVERS="127.0.0.1:5301, [::1]:5301, 192.0.2.53")
    found = authoritative_servers(NAME, [], access)
    assert [str(s) for s in found] == ["127.0.0.1:5301", "[::1]:5301", "192.0.2.53"]
    assert resolvers(seeing(PROVISIONING_RESOLVERS="::1")) == [Server("::1")]


def test_without_a_word_in_the_profile_public_resolvers_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISIONING_RESOLVERS", "192.0.2.1")
    assert {"1.1.1.1", "8.8.8.8", "9.9.9.9"} <= {server.host for server in resolvers(seeing())}


def test_a_server_that_is_no_address_is_told_with_its_variable() -> None:
    with pytest.raises(ConfigurationError) as error:
        resolvers(seeing(PROVISIONING_RESOLVERS="localhost:53"))
    assert [problem.file for problem in error.value.problems] == ["PROVISIONING_RESOLVERS"]
