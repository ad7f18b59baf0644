"""What is declared beside what a real authoritative server and a real cache answer, while one is made wrong."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from provisioning_assets.core.plan import Attributes
from provisioning_assets.errors import ConfigurationError, NotConverged
from provisioning_assets.probes.resolvers import (
    Server,
    ask,
    authoritative_servers,
    check_rrset,
    check_zone,
    resolvers,
    wait_until_served,
)
from tests.support.name_servers import Zone, answering, caching

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
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield Server("127.0.0.1", bound.getsockname()[1])


def seconds_named(problem: str | None) -> int:
    found = re.search(r"for at most (\d+) s more", problem or "")
    assert found, problem
    return int(found[1])


def becomes_green(address: str, attributes: Attributes, resolver: Server, *, within: float) -> float:
    started = time.monotonic()
    Retrying(stop=stop_after_delay(within), wait=wait_fixed(0.1), retry=retry_if_result(bool))(
        lambda: check_rrset(address, attributes, resolver, cached=True)
    )
    return time.monotonic() - started


def test_a_cached_old_answer_is_red_until_its_ttl_is_over(zone: Zone, authority: Server, resolver: Server) -> None:
    zone.rrsets[WWW] = OLD
    assert check_rrset(WWW, OLD, resolver, cached=True) is None

    zone.rrsets[WWW] = NEW

    assert check_rrset(WWW, NEW, authority, cached=False) is None
    problem = check_rrset(WWW, NEW, resolver, cached=True)
    assert problem is not None
    assert problem.startswith(f"{resolver} answers 192.0.2.1 for at most ")
    assert problem.endswith("; declared is 192.0.2.2")
    left = seconds_named(problem)
    assert 0 < left <= 3
    assert becomes_green(WWW, NEW, resolver, within=left + 2) > 1


def test_a_cached_absence_is_red_until_the_negative_ttl_is_over(zone: Zone, resolver: Server) -> None:
    problem = check_rrset(WWW, NEW, resolver, cached=True)
    assert f"{resolver} answers that the name does not exist" in str(problem)

    zone.rrsets[WWW] = NEW

    problem = check_rrset(WWW, NEW, resolver, cached=True)
    assert 0 <= seconds_named(problem) <= 2
    assert becomes_green(WWW, NEW, resolver, within=4) > 0.5


def test_a_type_that_is_missing_at_a_name_that_exists(zone: Zone, authority: Server) -> None:
    zone.rrsets[WWW] = NEW
    problem = check_rrset(f"www.{NAME} AAAA", {"ttl": 3, "values": ["2001:db8::1"]}, authority, cached=False)
    assert problem == f"{authority} answers that there is no AAAA (www.{NAME})"


def test_a_resolver_that_cannot_be_reached_is_red(zone: Zone, authority: Server, resolver: Server) -> None:
    zone.rrsets[WWW] = NEW

    with quiet_port() as silent:
        found = check_zone({WWW: NEW}, [resolver, silent], cached=True)

    assert found[f"{WWW} @ {resolver}"] is None
    assert found[f"{WWW} @ {silent}"] == f"{silent} does not answer: nothing is known of www.{NAME} A"


def test_servers_that_stay_silent_cost_one_timeout_together() -> None:
    rrsets = {f"h{n}.{NAME} A": NEW for n in range(15)}
    with quiet_port() as silent:
        started = time.monotonic()
        found = check_zone(rrsets, [silent], cached=True)

    assert time.monotonic() - started < 3
    assert len(found) == 15
    assert all("does not answer" in str(problem) for problem in found.values())


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
    with pytest.raises(NotConverged, match="no name server"):
        wait_until_served({WWW: NEW}, [])


def test_a_refusing_server_and_one_without_authority_are_red(zone: Zone, authority: Server) -> None:
    zone.rrsets[WWW] = NEW
    zone.authoritative = False
    assert "is not authoritative" in str(check_rrset(WWW, NEW, authority, cached=False))
    zone.refuses = True
    assert "answers REFUSED" in str(check_rrset(WWW, NEW, authority, cached=False))


def test_another_ttl_than_the_documented_one_is_red(zone: Zone, authority: Server, resolver: Server) -> None:
    zone.rrsets[WWW] = {"ttl": 86400, "values": NEW["values"]}
    assert "serves a TTL of 86400 s; documented is 3 s" in str(check_rrset(WWW, NEW, authority, cached=False))
    assert "keeps it for 86400 s more" in str(check_rrset(WWW, NEW, resolver, cached=True))


def test_an_alias_is_as_its_target_is(zone: Zone, authority: Server) -> None:
    apex, alias = f"{NAME} A", {"alias": NAME}
    zone.rrsets.update({apex: NEW, WWW: alias})
    assert check_rrset(WWW, alias, authority, cached=False) is None

    zone.rrsets[WWW] = OLD
    assert f"the alias follows {NAME}, which is 192.0.2.2" in str(check_rrset(WWW, alias, authority, cached=False))

    del zone.rrsets[apex]
    assert "does not exist" in str(check_rrset(WWW, alias, authority, cached=False))


def test_the_right_address_through_an_undeclared_cname_is_red(zone: Zone, authority: Server) -> None:
    zone.rrsets[f"www.{NAME} CNAME"] = {"ttl": 3, "values": [f"api.{NAME}."]}
    zone.rrsets[f"api.{NAME} A"] = NEW
    assert f"leads to api.{NAME}." in str(check_rrset(WWW, NEW, authority, cached=False))


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
    assert "declared is" in str(check_rrset(address, changed, authority, cached=False))


def test_a_policy_that_its_readers_cannot_use_is_red_even_when_served_as_declared(
    zone: Zone, authority: Server
) -> None:
    address = f"_dmarc.{NAME} TXT"
    zone.rrsets[address] = {"ttl": 60, "values": ["v=DMARC1; p=reject; pct=50"]}
    problem = check_rrset(address, zone.rrsets[address], authority, cached=False)
    assert problem == "DMARC: `pct=` was removed by RFC 9989: receivers do not heed it"


def test_waiting_ends_with_the_server_that_does_not_follow(zone: Zone, authority: Server) -> None:
    zone.rrsets[WWW] = OLD
    with pytest.raises(NotConverged, match=r"answers 192\.0\.2\.1[\s\S]*remedy"):
        wait_until_served({WWW: NEW}, [authority], seconds=0.5)
    zone.rrsets[WWW] = NEW
    wait_until_served({WWW: NEW}, [authority])


def test_an_answer_too_long_for_udp_comes_by_tcp(zone: Zone, authority: Server) -> None:
    values = [f"{n} " + "x" * 240 for n in range(12)]
    zone.rrsets[f"big.{NAME} TXT"] = {"ttl": 60, "values": values}
    assert len(ask(f"big.{NAME}", "TXT", authority, authority=True).values) == 12


def test_servers_come_from_their_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISIONING_NAMESERVERS", "127.0.0.1:5301, [::1]:5301, 192.0.2.53")
    assert [str(s) for s in authoritative_servers(NAME, [])] == ["127.0.0.1:5301", "[::1]:5301", "192.0.2.53"]

    monkeypatch.setenv("PROVISIONING_RESOLVERS", "::1")
    assert resolvers() == [Server("::1")]

    monkeypatch.delenv("PROVISIONING_RESOLVERS")
    assert {"1.1.1.1", "8.8.8.8", "9.9.9.9"} <= {server.host for server in resolvers()}

    monkeypatch.setenv("PROVISIONING_RESOLVERS", "localhost:53")
    with pytest.raises(ConfigurationError, match="PROVISIONING_RESOLVERS: `localhost:53` is no address"):
        resolvers()
