"""ACME on OpenBao, and on servers in trouble: accounts, nonces, limits, problem documents, addresses."""

import json
import time
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates.acme.authority import Acme
from provisioning_assets.backends.certificates.settings import KeyType
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ProviderFailed, Refused, Unreachable
from provisioning_assets.probes.tls import describe, fingerprint_of_key
from tests.support.authorities import Challenges, Customer, acme_directory
from tests.support.back_ends import opened
from tests.support.http_servers import answering_always
from tests.support.name_servers import Zone, answering
from tests.support.servers import SecretServer, free_port

NAMES = ("shop.example", "www.shop.example", "api.shop.example")


@pytest.fixture(scope="module")
def zone() -> Zone:
    return Zone("shop.example")


@pytest.fixture(scope="module")
def directory(zone: Zone, bao: SecretServer) -> Iterator[str]:
    with answering(zone) as name_server:
        yield acme_directory(bao, str(name_server))


def at(directory: str, declared: str | None = None) -> Acme:
    """The authority, as a profile leads to it."""
    access = Access("the test's own", {"ACME_DIRECTORY_URL": directory})
    authority: Acme = opened(Kind.CERTIFICATES, "acme", access, directory=declared)
    return authority


def order(authority: Acme, zone: Zone) -> str:
    """Order with an account of its own; the chain."""
    return authority.issue(Customer(NAMES, Challenges(zone))).chain


def account_url(authority: Acme) -> str:
    assert authority._registered
    return str(authority._registered[1].net.account.uri)


def test_an_account_is_used_again(directory: str, zone: Zone) -> None:
    first, second, customer = at(directory), at(directory), Customer(NAMES[:1], Challenges(zone))
    first.issue(customer)

    second.issue(customer)

    assert account_url(second) == account_url(first)


def test_the_account_that_is_handed_in_is_the_one_that_orders(directory: str, zone: Zone) -> None:
    authority, customers = at(directory), [Customer(NAMES[:1], Challenges(zone)) for _ in range(2)]
    seen = []
    for customer in (*customers, customers[0]):
        authority.issue(customer)
        seen.append(account_url(authority))

    assert seen[0] != seen[1]
    assert seen[2] == seen[0]


def test_refused_nonces_are_replaced(directory: str, zone: Zone) -> None:
    authority = at(directory)
    customer = Customer(NAMES[:1], Challenges(zone))
    authority.issue(customer)
    assert authority._registered
    authority._registered[1].net._nonces = {f"stale-{n}".encode() for n in range(6)}

    assert authority.issue(customer).chain


def test_a_clock_in_another_zone_does_not_end_an_order(
    directory: str, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert order(at(directory), zone)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(("key_type", "bits"), [("rsa2048", 2048), ("rsa3072", 3072), ("rsa4096", 4096)])
def test_a_certificate_may_have_an_rsa_key(directory: str, zone: Zone, key_type: KeyType, bits: int) -> None:
    customer = Customer(NAMES[:1], Challenges(zone), key_type=key_type)

    leaf = describe(at(directory).issue(customer).chain)

    key = load_pem_private_key(customer.keys[0].encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == bits
    assert leaf.key_fingerprint == fingerprint_of_key(customer.keys[0])
    assert leaf.key_type == key_type


def test_the_directory_is_the_profiles(directory: str, zone: Zone) -> None:
    authority = at(directory)

    assert order(authority, zone)
    assert authority.authority() == directory
    assert authority.identity() == {"authority": directory}
    assert at(directory, declared=directory).authority() == directory


def test_a_profile_without_a_directory_is_told_what_to_set() -> None:
    authority = opened(Kind.CERTIFICATES, "acme", Access("profile of nobody", {}))

    for ask in (authority.reach, authority.authority, authority.identity):
        with pytest.raises(ProviderFailed) as failure:
            ask()
        assert failure.value.where == "profile of nobody"
        assert "ACME_DIRECTORY_URL" in failure.value.remedy


def test_nothing_is_sent_to_a_directory_that_only_the_file_names(zone: Zone) -> None:
    challenges = Challenges(zone)
    with answering_always(200, "{}") as address:
        authority = at("https://ca.example/directory", declared=address)
        with pytest.raises(Refused):
            authority.issue(Customer(NAMES, challenges))
    assert challenges.seen == []


def test_an_order_at_an_authority_that_is_away_is_told_at_once(zone: Zone) -> None:
    address, began = f"http://127.0.0.1:{free_port()}/directory", time.monotonic()

    with pytest.raises(Unreachable) as failure:
        order(at(address), zone)

    assert time.monotonic() - began < 5
    assert failure.value.address == address


def test_a_directory_that_answers_with_an_error_is_not_reached() -> None:
    with answering_always(503, "sealed") as address, pytest.raises(Unreachable) as failure:
        at(address).reach()

    assert failure.value.address == address
    assert "503" in failure.value.cause


def test_an_account_key_that_is_none_is_told_without_showing_it(zone: Zone) -> None:
    wrong = rsa.generate_private_key(65537, 2048)
    pem = wrong.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for key in (pem, "hunter2"):
        with pytest.raises(ProviderFailed) as caught:
            at("https://ca.example").issue(Customer(NAMES, Challenges(zone), accounts=[key]))
        assert key not in str(caught.value)
        assert caught.value.remedy


def test_a_rate_limit_says_until_when_and_each_part_its_name(zone: Zone) -> None:
    kind = "urn:ietf:params:acme:error:rateLimited"
    part = {"type": kind, "detail": "5 certificates a week", "identifier": {"type": "dns", "value": "shop.example"}}
    document = json.dumps({"type": kind, "detail": "too many certificates", "subproblems": [part]})
    with (
        answering_always(429, document, Retry_After="Mon, 30 Nov 2026 10:00:00 GMT") as address,
        pytest.raises(ProviderFailed) as caught,
    ):
        order(at(address), zone)

    assert "rateLimited: too many certificates; shop.example: rateLimited: 5 certificates a week" in caught.value.cause
    assert "2026-11-30T10:00:00+00:00" in caught.value.remedy


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
        order(at(address), zone)

    assert cause in caught.value.cause
    assert caught.value.where == address
