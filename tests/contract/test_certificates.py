"""One suite for every certificate authority, which looks for challenges in a zone that is served here."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import pytest
from cryptography import x509

from provisioning_assets.backends.certificates import CertificateAuthority, Issued, Managed, Proof
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.errors import NotConverged, ProviderFailed, Waiting
from provisioning_assets.probes.resolvers import Server, ask
from provisioning_assets.probes.tls import describe, fingerprint_of_key
from tests.fakes.certificates import MemoryAuthority
from tests.support.authorities import Challenges, Customer, acme_directory, mounted_pki
from tests.support.back_ends import FAKE, lacks, names, products, subject_of
from tests.support.certificate_subjects import ON_PEBBLE, PEOPLE, SUBJECTS
from tests.support.laws import EveryBackEnd, Proven
from tests.support.name_servers import Zone, answering
from tests.support.pebble import Pebble, pebble_server
from tests.support.private_ca import root_authority
from tests.support.servers import SecretServer, empty_moto, moto_server

NAMES = ("shop.example", "www.shop.example", "api.shop.example")
MANAGED = f"{FAKE}, which keeps the keys"
BY_HAND = f"{FAKE}, where a person approves"


@pytest.fixture(scope="module")
def zone() -> Zone:
    return Zone("shop.example")


@pytest.fixture(scope="module")
def name_server(zone: Zone) -> Iterator[Server]:
    with answering(zone) as server:
        yield server


@pytest.fixture(scope="module")
def directory(request: pytest.FixtureRequest, name_server: Server) -> str:
    return acme_directory(request.getfixturevalue("bao"), str(name_server))


@pytest.fixture(scope="module")
def pebble(name_server: Server) -> Iterator[Pebble]:
    with pebble_server(str(name_server)) as running:
        yield running


@pytest.fixture(scope="module")
def private_pki(request: pytest.FixtureRequest) -> SecretServer:
    server: SecretServer = request.getfixturevalue("bao")
    mounted_pki(server, "private", allowed_domains="shop.example", allow_bare_domains=True, allow_subdomains=True)
    return server


@pytest.fixture(scope="module")
def private_ca(request: pytest.FixtureRequest) -> str:
    return root_authority(request.getfixturevalue("moto"))


@pytest.fixture(scope="module")
def validating(name_server: Server) -> Iterator[str]:
    with moto_server(str(name_server)) as address:
        yield address


class TestEveryLaw(EveryBackEnd):
    @pytest.fixture(params=[*products(Kind.CERTIFICATES), ON_PEBBLE])
    def proven(self, request: pytest.FixtureRequest) -> Proven:
        return subject_of(Kind.CERTIFICATES, request.param, SUBJECTS)(request)


@pytest.fixture(params=[*names(Kind.CERTIFICATES), MANAGED, BY_HAND, ON_PEBBLE])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def product_of(name: str) -> str:
    """What the catalogue calls it."""
    return name.partition(",")[0]


@dataclass(frozen=True)
class Subject:
    """An authority that runs the suite, and what a person does who is asked by it."""

    authority: CertificateAuthority
    person: Callable[[], None] = lambda: None

    def issue(self, customer: Customer) -> Issued:
        """What a run does, and where it waits, the run after it."""
        try:
            return self.authority.issue(customer)
        except Waiting:
            self.person()
            return self.authority.issue(customer)


@pytest.fixture
def authority(request: pytest.FixtureRequest, name: str, name_server: Server) -> Subject:
    if name in {FAKE, MANAGED, BY_HAND}:
        memory = MemoryAuthority(
            lambda at, kind: ask(at, kind, name_server, authority=True).values,
            managed=name == MANAGED,
            by_hand=name == BY_HAND,
        )
        return Subject(memory, memory.approve)
    proven = subject_of(Kind.CERTIFICATES, name, SUBJECTS)(request)
    return Subject(proven.opened(), PEOPLE.get(name, lambda _: lambda: None)(proven))


@pytest.fixture(autouse=True)
def _empty(request: pytest.FixtureRequest, zone: Zone, name: str) -> None:
    """What one test leaves in the zone, or at a product that keeps it, no other one finds."""
    zone.rrsets.clear()
    if name == "acm":
        empty_moto(request.getfixturevalue("validating"))


@pytest.fixture
def proving(name: str) -> bool:
    """Whether it has names proven; a product that does not asks for no records."""
    return name == MANAGED or (name != BY_HAND and not lacks(product_of(name), Capability.CHALLENGES))


@pytest.fixture
def keeping(name: str) -> bool:
    """Whether it keeps the keys; what its certificates are proven by then stays in the zone."""
    return name == MANAGED or (name not in {FAKE, BY_HAND} and not lacks(product_of(name), Capability.KEEPS_KEYS))


def order(authority: Subject, names: Sequence[str], challenges: Challenges) -> Issued:
    return authority.issue(Customer(names, challenges))


def test_one_certificate_has_all_the_names(authority: Subject, zone: Zone, *, proving: bool, keeping: bool) -> None:
    challenges = Challenges(zone)

    issued = order(authority, NAMES, challenges)

    assert describe(issued.chain).names == tuple(sorted(NAMES))
    assert {proof.name.partition(".")[2] for proof in challenges.seen} == (set(NAMES) if proving else set())
    assert {proof.kind for proof in challenges.seen} <= {"CNAME" if keeping else "TXT"}
    assert set(zone.rrsets) == ({proof.address for proof in challenges.seen} if keeping else set())


def test_a_certificate_is_for_the_request_or_its_key_stays_where_it_is(authority: Subject, zone: Zone) -> None:
    customer = Customer(NAMES, Challenges(zone))

    issued = authority.issue(customer)

    if isinstance(issued, Managed):
        assert issued.reference
        assert customer.keys == []
        return
    (key,) = customer.keys
    assert describe(issued.chain).key_fingerprint == fingerprint_of_key(key)


def test_the_chain_is_leaf_first_and_each_one_signs_the_one_before(authority: Subject, zone: Zone) -> None:
    chain = x509.load_pem_x509_certificates(order(authority, NAMES[:1], Challenges(zone)).chain.encode())

    assert len(chain) > 1
    for leaf, issuer in pairwise(chain):
        leaf.verify_directly_issued_by(issuer)


def test_a_name_and_its_wildcard_are_proven_at_one_name(
    authority: Subject, zone: Zone, *, proving: bool, keeping: bool
) -> None:
    challenges = Challenges(zone)

    issued = order(authority, ("shop.example", "*.shop.example"), challenges)

    assert describe(issued.chain).names == ("*.shop.example", "shop.example")
    # Two challenges are two values; a record that stays proves the name once and for all.
    assert len({proof.value for proof in challenges.seen}) == len(challenges.seen) == proving * (1 if keeping else 2)
    assert {proof.name.partition(".")[2] for proof in challenges.seen} == ({"shop.example"} if proving else set())


def test_a_renewal_has_a_key_of_its_own_unless_the_product_renews(
    authority: Subject, zone: Zone, *, keeping: bool
) -> None:
    customer = Customer(NAMES[:1], Challenges(zone))
    first = authority.issue(customer)
    customer.done()

    second = authority.issue(customer)

    assert (first == second) == keeping
    assert (describe(first.chain).key_fingerprint == describe(second.chain).key_fingerprint) == keeping
    assert len(customer.accounts) <= 1


def test_an_order_that_was_lost_is_another_certificate_for_the_same_key(authority: Subject, zone: Zone) -> None:
    customer = Customer(NAMES[:1], Challenges(zone))

    lost, again = authority.issue(customer), authority.issue(customer)

    if isinstance(again, Managed):
        assert again == lost
        return
    assert describe(again.chain).key_fingerprint == describe(lost.chain).key_fingerprint
    assert len(customer.keys) == 1


def test_a_wrong_challenge_is_no_certificate_and_names_each_name(
    authority: Subject, zone: Zone, monkeypatch: pytest.MonkeyPatch, *, proving: bool, keeping: bool
) -> None:
    # OpenBao looks again and again for 100 seconds; other authorities look once.
    monkeypatch.setattr("provisioning_assets.backends.certificates.acme.authority.ORDER_TIME", timedelta(seconds=3))
    monkeypatch.setattr("provisioning_assets.backends.certificates.acm.authority.ISSUING_TIME", 3.0)
    customer = Customer(NAMES[:2], Challenges(zone, spoilt=True))
    if not proving:
        assert authority.issue(customer)  # the catalogue says that it proves nothing
        return

    with pytest.raises(Waiting if keeping else ProviderFailed) as caught:
        authority.issue(customer)

    for name in NAMES[:2]:
        assert name in str(caught.value)
    assert caught.value.remedy
    kept = [pem.splitlines()[1] for pem in (*customer.accounts, *customer.keys)]
    assert not any(secret in shown for secret in kept for shown in (str(caught.value), repr(authority.authority)))
    assert bool(zone.rrsets) == keeping


def test_a_publisher_that_fails_says_so_itself(authority: Subject, *, proving: bool) -> None:
    class Failing:
        def publish(self, _proofs: Sequence[Proof]) -> object:
            raise NotConverged("name servers do not serve what was published")

        keep = publish

    if not proving:
        assert authority.issue(Customer(NAMES[:1], Failing()))
        return
    with pytest.raises(NotConverged):
        authority.issue(Customer(NAMES[:1], Failing()))


def test_an_authority_has_a_name_that_stays(authority: Subject) -> None:
    assert authority.authority.authority()
    assert authority.authority.authority() == authority.authority.authority()


def test_one_that_needs_a_person_says_so_until_somebody_has_acted(name: str, authority: Subject, zone: Zone) -> None:
    customer = Customer(NAMES[:1], Challenges(zone))
    if name != BY_HAND and not lacks(product_of(name), Capability.UNATTENDED):
        assert authority.authority.issue(customer)
        return
    told = []
    for _ in range(2):
        with pytest.raises(Waiting) as waiting:
            authority.authority.issue(customer)
        told.append((waiting.value.what, waiting.value.remedy))

    authority.person()

    assert describe(authority.authority.issue(customer).chain).key_fingerprint == fingerprint_of_key(customer.keys[0])
    assert told[0] == told[1]
    assert all(told[0])
    assert len(customer.keys) == 1
