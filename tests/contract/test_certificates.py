"""One suite for every certificate authority; ACME runs it on OpenBao, which asks a name server for the challenges."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import hvac
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from provisioning_assets.backends.certificates import CertificateAuthority, acme
from provisioning_assets.backends.certificates.acme import Acme, reach
from provisioning_assets.errors import NotConverged, ProviderFailed, Unreachable
from provisioning_assets.probes.resolvers import Server, ask
from provisioning_assets.probes.tls import describe, fingerprint_of_key
from tests.fakes.certificates import MemoryAuthority
from tests.support.http_servers import answering_always
from tests.support.name_servers import Zone, answering
from tests.support.servers import free_port, openbao_server

CONTACT = "ops@shop.example"
NAMES = ("shop.example", "www.shop.example", "api.shop.example")


@dataclass
class Challenges:
    """Publishes in a zone that is served; `spoilt` values are what a mistaken publisher would write."""

    zone: Zone
    spoilt: bool = False
    seen: list[tuple[str, str]] = field(default_factory=list)

    @contextmanager
    def publish(self, records: Sequence[tuple[str, str]]) -> Iterator[None]:
        self.seen += records
        values: dict[str, list[str]] = {}
        for name, value in records:
            values.setdefault(f"{name} TXT", []).append("spoilt" if self.spoilt else value)
        self.zone.rrsets |= {address: {"ttl": 60, "values": sorted(found)} for address, found in values.items()}
        try:
            yield
        finally:
            self.zone.rrsets.clear()


@pytest.fixture(scope="module")
def zone() -> Zone:
    return Zone("shop.example")


@pytest.fixture(scope="module")
def name_server(zone: Zone) -> Iterator[Server]:
    with answering(zone) as server:
        yield server


@pytest.fixture(scope="module")
def directory(name_server: Server) -> Iterator[str]:
    with openbao_server() as server:
        make_authority(hvac.Client(url=server.address, token=server.token), server.address, str(name_server))
        yield f"{server.address}/v1/pki/acme/directory"


@pytest.fixture(params=["memory", "acme"])
def authority(request: pytest.FixtureRequest, name_server: Server) -> CertificateAuthority:
    if request.param == "memory":
        return MemoryAuthority(lambda name: ask(name, "TXT", name_server, authority=True).values)
    return Acme(request.getfixturevalue("directory"), CONTACT)


def make_authority(bao: hvac.Client, address: str, name_server: str) -> None:
    bao.sys.enable_secrets_engine("pki", path="pki", config={"max_lease_ttl": "87600h"})
    bao.write_data("pki/root/generate/internal", data={"common_name": "Test Root", "ttl": "87600h", "key_type": "ec"})
    bao.write_data("pki/config/cluster", data={"path": f"{address}/v1/pki"})
    headers = {"allowed_response_headers": ["Replay-Nonce", "Link", "Location"]}
    bao.write_data("sys/mounts/pki/tune", data=headers)
    role = {"allow_any_name": True, "allow_wildcard_certificates": True, "require_cn": False, "key_type": "any"}
    bao.write_data("pki/roles/server", data=role)
    enabled = {"enabled": True, "default_directory_policy": "role:server", "dns_resolver": name_server}
    bao.write_data("pki/config/acme", data={**enabled, "allowed_roles": ["server"], "eab_policy": "not-required"})


def test_one_certificate_has_all_the_names(authority: CertificateAuthority, zone: Zone) -> None:
    challenges = Challenges(zone)

    issued = authority.issue(NAMES, challenges)

    assert describe(issued.chain).names == tuple(sorted(NAMES))
    assert describe(issued.chain).key_fingerprint == fingerprint_of_key(issued.key)
    key = load_pem_private_key(issued.key.encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert {name for name, _ in challenges.seen} == {f"_acme-challenge.{name}" for name in NAMES}


def test_the_chain_is_leaf_first_and_each_certificate_signs_the_one_before(
    authority: CertificateAuthority, zone: Zone
) -> None:
    chain = x509.load_pem_x509_certificates(authority.issue(NAMES[:1], Challenges(zone)).chain.encode())

    assert len(chain) > 1
    for leaf, issuer in pairwise(chain):
        leaf.verify_directly_issued_by(issuer)


def test_a_name_and_its_wildcard_are_proven_by_two_values_at_one_name(
    authority: CertificateAuthority, zone: Zone
) -> None:
    challenges = Challenges(zone)

    issued = authority.issue(("shop.example", "*.shop.example"), challenges)

    assert describe(issued.chain).names == ("*.shop.example", "shop.example")
    assert [name for name, _ in challenges.seen] == ["_acme-challenge.shop.example"] * 2
    assert len({value for _, value in challenges.seen}) == 2


def test_each_certificate_has_a_key_of_its_own_that_nothing_prints(authority: CertificateAuthority, zone: Zone) -> None:
    first, second = (authority.issue(NAMES[:1], Challenges(zone)) for _ in range(2))

    assert first.key != second.key
    secret = first.key.splitlines()[1]
    assert not any(secret in shown for shown in (repr(first), str(first), repr(authority)))


def test_a_wrong_challenge_is_no_certificate_and_names_each_name(
    authority: CertificateAuthority, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    # OpenBao looks again and again for 100 seconds; other authorities look once.
    monkeypatch.setattr(acme, "ORDER_TIME", timedelta(seconds=3))
    with pytest.raises(ProviderFailed) as caught:
        authority.issue(NAMES[:2], Challenges(zone, spoilt=True))

    for name in NAMES[:2]:
        assert name in caught.value.cause
    assert caught.value.remedy
    assert authority.account_key().splitlines()[1] not in str(caught.value)
    assert zone.rrsets == {}


def test_a_publisher_that_fails_says_so_itself(authority: CertificateAuthority) -> None:
    class Failing:
        def publish(self, _records: Sequence[tuple[str, str]]) -> object:
            raise NotConverged("name servers do not serve what was published")

    with pytest.raises(NotConverged, match="name servers do not serve"):
        authority.issue(NAMES[:1], Failing())


def test_an_account_is_used_again(directory: str, zone: Zone) -> None:
    first = Acme(directory, CONTACT)
    first.issue(NAMES[:1], Challenges(zone))

    second = Acme(directory, CONTACT, first.account_key())
    second.issue(NAMES[:1], Challenges(zone))

    assert second.account_key() == first.account_key()
    assert second._client.net.account.uri == first._client.net.account.uri


def test_refused_nonces_are_replaced(directory: str, zone: Zone) -> None:
    authority = Acme(directory, CONTACT)
    authority._client.net._nonces = {f"stale-{n}".encode() for n in range(6)}

    assert authority.issue(NAMES[:1], Challenges(zone)).chain


def test_a_clock_in_another_zone_does_not_end_an_order(
    directory: str, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert Acme(directory, CONTACT).issue(NAMES[:1], Challenges(zone)).chain
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_directory_comes_from_its_variable(directory: str, zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_DIRECTORY_URL", directory)
    assert Acme(None, CONTACT).issue(NAMES[:1], Challenges(zone)).chain
    reach(None)

    monkeypatch.delenv("ACME_DIRECTORY_URL")
    with pytest.raises(ProviderFailed, match="remedy: set ACME_DIRECTORY_URL"):
        Acme(None, CONTACT)


def test_a_directory_that_is_away_is_named_at_once(zone: Zone) -> None:
    address, started = f"http://127.0.0.1:{free_port()}/directory", time.monotonic()

    for attempt in (lambda: Acme(address, CONTACT).issue(NAMES, Challenges(zone)), lambda: reach(address)):
        with pytest.raises(Unreachable, match=f"certificate authority at {address}"):
            attempt()
    assert time.monotonic() - started < 5


def test_an_account_key_that_is_none_is_told_without_showing_it() -> None:
    wrong = rsa.generate_private_key(65537, 2048)
    pem = wrong.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for key in (pem, "hunter2"):
        with pytest.raises(ProviderFailed, match="no ECDSA key") as caught:
            Acme("https://ca.example", CONTACT, key)
        assert key not in str(caught.value)


def test_a_rate_limit_says_until_when_and_each_part_its_name(zone: Zone) -> None:
    kind = "urn:ietf:params:acme:error:rateLimited"
    part = {"type": kind, "detail": "5 certificates a week", "identifier": {"type": "dns", "value": "shop.example"}}
    document = json.dumps({"type": kind, "detail": "too many certificates", "subproblems": [part]})
    with (
        answering_always(429, document, Retry_After="Mon, 30 Nov 2026 10:00:00 GMT") as address,
        pytest.raises(ProviderFailed) as caught,
    ):
        Acme(address, CONTACT).issue(NAMES, Challenges(zone))

    assert "rateLimited: too many certificates; shop.example: rateLimited: 5 certificates a week" in caught.value.cause
    assert "run again after 2026-11-30T10:00:00+00:00" in caught.value.remedy


@pytest.mark.parametrize(
    ("status", "document", "cause"),
    [
        (200, "<html>welcome</html>", "HTTP 200: ClientError"),
        (200, "{}", "newAccount"),
        (503, '{"errors": ["Vault is sealed"]}', "HTTP 503 without a problem document"),
        (502, "bad gateway", "HTTP 502"),
    ],
)
def test_an_answer_that_is_not_acme_is_an_error_with_its_status(
    zone: Zone, status: int, document: str, cause: str
) -> None:
    with answering_always(status, document) as address, pytest.raises(ProviderFailed) as caught:
        Acme(address, CONTACT).issue(NAMES, Challenges(zone))

    assert cause in caught.value.cause
    assert caught.value.where == address
