"""One suite for every certificate authority, which looks for challenges in a zone that is served here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import CertificateAuthority, Managed, Pem
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import NotConverged, ProviderFailed
from provisioning_assets.probes.resolvers import Server, ask
from provisioning_assets.probes.tls import describe, fingerprint_of_key
from tests.fakes.certificates import MemoryAuthority
from tests.support.authorities import CONTACT, Challenges, acme_directory
from tests.support.back_ends import FAKE, names, products, subject_of
from tests.support.laws import EveryBackEnd, Proven
from tests.support.name_servers import Zone, answering

NAMES = ("shop.example", "www.shop.example", "api.shop.example")
MANAGED = f"{FAKE}, which keeps the keys"


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


def acme(request: pytest.FixtureRequest) -> Proven:
    """OpenBao's ACME authority."""

    def leading_to(address: str) -> Access:
        return Access("the test's own", {"ACME_DIRECTORY_URL": address})

    return Proven(Kind.CERTIFICATES, "acme", request.getfixturevalue("directory"), leading_to)


SUBJECTS: Mapping[str, Callable[[pytest.FixtureRequest], Proven]] = {"acme": acme}


class TestEveryLaw(EveryBackEnd):
    @pytest.fixture(params=products(Kind.CERTIFICATES))
    def proven(self, request: pytest.FixtureRequest) -> Proven:
        return subject_of(Kind.CERTIFICATES, request.param, SUBJECTS)(request)


@pytest.fixture(params=[*names(Kind.CERTIFICATES), MANAGED])
def authority(request: pytest.FixtureRequest, name_server: Server) -> CertificateAuthority:
    if request.param in {FAKE, MANAGED}:
        return MemoryAuthority(
            lambda name: ask(name, "TXT", name_server, authority=True).values, managed=request.param == MANAGED
        )
    opened: CertificateAuthority = subject_of(Kind.CERTIFICATES, request.param, SUBJECTS)(request).opened()
    return opened


def order(authority: CertificateAuthority, names: Sequence[str], challenges: Challenges) -> Pem | Managed:
    """What a run does: the account first, then the certificate."""
    return authority.issue(names, challenges, authority.account(None, CONTACT))


def test_one_certificate_has_all_the_names(authority: CertificateAuthority, zone: Zone) -> None:
    challenges = Challenges(zone)

    issued = order(authority, NAMES, challenges)

    assert describe(issued.chain).names == tuple(sorted(NAMES))
    assert {name for name, _ in challenges.seen} == {f"_acme-challenge.{name}" for name in NAMES}
    assert zone.rrsets == {}


def test_a_key_on_p256_comes_with_it_or_stays_where_it_is(authority: CertificateAuthority, zone: Zone) -> None:
    issued = order(authority, NAMES, Challenges(zone))

    if isinstance(issued, Managed):
        assert issued.reference
        assert "PRIVATE KEY" not in repr(issued)
        return
    key = load_pem_private_key(issued.key.encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert describe(issued.chain).key_fingerprint == fingerprint_of_key(issued.key)


def test_the_chain_is_leaf_first_and_each_one_signs_the_one_before(authority: CertificateAuthority, zone: Zone) -> None:
    chain = x509.load_pem_x509_certificates(order(authority, NAMES[:1], Challenges(zone)).chain.encode())

    assert len(chain) > 1
    for leaf, issuer in pairwise(chain):
        leaf.verify_directly_issued_by(issuer)


def test_a_name_and_its_wildcard_are_two_values_at_one_name(authority: CertificateAuthority, zone: Zone) -> None:
    challenges = Challenges(zone)

    issued = order(authority, ("shop.example", "*.shop.example"), challenges)

    assert describe(issued.chain).names == ("*.shop.example", "shop.example")
    assert [name for name, _ in challenges.seen] == ["_acme-challenge.shop.example"] * 2
    assert len({value for _, value in challenges.seen}) == 2


def test_each_certificate_has_a_key_of_its_own_that_nothing_prints(authority: CertificateAuthority, zone: Zone) -> None:
    first, second = (order(authority, NAMES[:1], Challenges(zone)) for _ in range(2))

    assert describe(first.chain).key_fingerprint != describe(second.chain).key_fingerprint
    if isinstance(first, Managed):
        return
    secret = first.key.splitlines()[1]
    assert not any(secret in shown for shown in (repr(first), str(first), repr(authority)))


def test_a_wrong_challenge_is_no_certificate_and_names_each_name(
    authority: CertificateAuthority, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    # OpenBao looks again and again for 100 seconds; other authorities look once.
    monkeypatch.setattr("provisioning_assets.backends.certificates.acme.ORDER_TIME", timedelta(seconds=3))
    account = authority.account(None, CONTACT)

    with pytest.raises(ProviderFailed) as caught:
        authority.issue(NAMES[:2], Challenges(zone, spoilt=True), account)

    for name in NAMES[:2]:
        assert name in caught.value.cause
    assert caught.value.remedy
    assert account is None or account.splitlines()[1] not in str(caught.value)
    assert zone.rrsets == {}


def test_a_publisher_that_fails_says_so_itself(authority: CertificateAuthority) -> None:
    class Failing:
        def publish(self, _records: Sequence[tuple[str, str]]) -> object:
            raise NotConverged("name servers do not serve what was published")

    with pytest.raises(NotConverged):
        authority.issue(NAMES[:1], Failing(), authority.account(None, CONTACT))


def test_an_account_that_was_kept_stays_the_account(authority: CertificateAuthority) -> None:
    made = authority.account(None, CONTACT)

    assert authority.account(made, CONTACT) == made


def test_an_authority_has_a_name_that_stays(authority: CertificateAuthority) -> None:
    assert authority.authority()
    assert authority.authority() == authority.authority()
