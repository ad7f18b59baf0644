"""What certificate authorities hold that keep the keys: one suite for each of them, and for the fake."""

from collections.abc import Iterator
from typing import Any

import pytest

from provisioning_assets.backends.certificates import Keeper, Managed
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.errors import Waiting
from provisioning_assets.probes.resolvers import Server, ask
from tests.fakes.certificates import MemoryAuthority
from tests.support.authorities import Challenges, Customer
from tests.support.back_ends import FAKE, aws_access, lacks, opened, products
from tests.support.name_servers import Zone, answering
from tests.support.servers import empty_moto, moto_server

NAMES = ("shop.example", "www.shop.example", "api.shop.example")
KEEPERS = [name for name in products(Kind.CERTIFICATES) if not lacks(name, Capability.KEEPS_KEYS)]


@pytest.fixture(scope="module")
def zone() -> Zone:
    return Zone("shop.example")


@pytest.fixture(scope="module")
def name_server(zone: Zone) -> Iterator[Server]:
    with answering(zone) as server:
        yield server


@pytest.fixture(scope="module")
def validating(name_server: Server) -> Iterator[str]:
    with moto_server(str(name_server)) as address:
        yield address


def acm(request: pytest.FixtureRequest) -> Any:
    address = request.getfixturevalue("validating")
    empty_moto(address)
    return opened(Kind.CERTIFICATES, "acm", aws_access(address))


def memory(request: pytest.FixtureRequest) -> Any:
    server = request.getfixturevalue("name_server")
    return MemoryAuthority(lambda at, kind: ask(at, kind, server, authority=True).values, managed=True)


SUBJECTS = {FAKE: memory, "acm": acm}


@pytest.fixture(params=[FAKE, *KEEPERS])
def keeper(request: pytest.FixtureRequest, zone: Zone) -> Keeper:
    zone.rrsets.clear()
    found: Keeper = SUBJECTS[request.param](request)
    return found


def test_what_is_held_is_told_with_all_that_keeps_it(keeper: Keeper, zone: Zone) -> None:
    challenges = Challenges(zone)
    issued = keeper.issue(Customer(NAMES, challenges))
    assert isinstance(issued, Managed)

    (held,) = keeper.held("shop-staging")

    assert (held.reference, held.chain, held.state, held.told) == (issued.reference, issued.chain, "issued", "")
    assert (held.name, held.names, held.used_by) == ("web", tuple(sorted(NAMES)), ())
    assert set(held.proofs) == set(challenges.seen)


def test_each_scope_and_each_name_has_certificates_of_its_own(keeper: Keeper, zone: Zone) -> None:
    orders = [("shop-staging", "web"), ("shop-staging", "api"), ("shop-production", "web")]

    issued = [keeper.issue(Customer(NAMES, Challenges(zone), name=name, scope=scope)) for scope, name in orders]

    references = {each.reference for each in issued if isinstance(each, Managed)}
    assert len(references) == 3
    assert [each.name for each in keeper.held("shop-staging")] == ["web", "api"]
    assert [each.name for each in keeper.held("shop-production")] == ["web"]
    assert list(keeper.held("shop-elsewhere")) == []


def test_other_names_are_another_certificate_beside_the_one_before(keeper: Keeper, zone: Zone) -> None:
    keeper.issue(Customer(NAMES, Challenges(zone)))

    keeper.issue(Customer(NAMES[:2], Challenges(zone)))

    assert [each.names for each in keeper.held("shop-staging")] == [tuple(sorted(NAMES)), tuple(sorted(NAMES[:2]))]


def test_one_that_waits_is_held_and_is_the_one_that_is_issued(
    keeper: Keeper, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning_assets.backends.certificates.acm.authority.ISSUING_TIME", 3.0)
    with pytest.raises(Waiting):
        keeper.issue(Customer(NAMES[:1], Challenges(zone, spoilt=True)))
    (waiting,) = keeper.held("shop-staging")
    assert (waiting.state, waiting.chain) == ("pending", "")
    assert all(proof.name in waiting.told for proof in waiting.proofs)

    issued = keeper.issue(Customer(NAMES[:1], Challenges(zone)))

    assert isinstance(issued, Managed)
    assert issued.reference == waiting.reference
    assert [each.state for each in keeper.held("shop-staging")] == ["issued"]


def test_what_is_dropped_is_not_held_any_more(keeper: Keeper, zone: Zone) -> None:
    keeper.issue(Customer(NAMES[:1], Challenges(zone)))
    (held,) = keeper.held("shop-staging")

    keeper.drop(held)

    assert list(keeper.held("shop-staging")) == []


def test_what_lies_where_it_belongs_is_not_astray(keeper: Keeper, zone: Zone) -> None:
    keeper.issue(Customer(NAMES[:1], Challenges(zone)))

    left = keeper.astray("shop-staging")

    assert (list(left.held), dict(left.unseen)) == ([], {})
