"""What an authority answers is looked at before it is kept: each thing that can be wrong with a chain is said."""

from datetime import timedelta

import pytest

from provisioning_assets.backends.certificates import chains, requests
from provisioning_assets.errors import ProviderFailed
from provisioning_assets.probes.tls import describe
from tests.support.authorities import Customer
from tests.support.signing import Signer

NAMES = ("shop.example", "www.shop.example")
DAYS = timedelta(days=1)


@pytest.fixture
def customer() -> Customer:
    return Customer(NAMES, None)


@pytest.fixture(scope="module")
def root() -> Signer:
    return Signer("Test Root")


@pytest.fixture(scope="module")
def issuing(root: Signer) -> Signer:
    return Signer("Test Issuing", root)


def refusal(chain: str, customer: Customer) -> str:
    with pytest.raises(ProviderFailed) as caught:
        chains.signed(chain, customer, where="here", remedy="do something")
    assert (caught.value.where, caught.value.remedy) == ("here", "do something")
    assert not any(key.splitlines()[1] in str(caught.value) for key in customer.keys)
    return caught.value.cause


def test_a_chain_for_the_request_is_kept_without_what_stands_between(customer: Customer, issuing: Signer) -> None:
    chain = issuing.sign(customer.request()) + issuing.pem
    told = f"subject=/CN=shop.example\r\n{chain}trailing words"

    assert chains.signed(told, customer, where="", remedy="").chain == chain
    assert describe(chain).names == NAMES


def test_a_root_at_the_end_is_no_flaw(customer: Customer, root: Signer, issuing: Signer) -> None:
    chain = issuing.sign(customer.request()) + issuing.pem + root.pem

    assert chains.signed(chain, customer, where="", remedy="").chain == chain


@pytest.mark.parametrize(
    "text", ["", "\n", "welcome", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_refused(customer: Customer, text: str) -> None:
    assert "PEM" in refusal(text, customer)


def test_a_bag_of_certificates_in_another_form_is_named(customer: Customer) -> None:
    assert "PKCS #7" in refusal("-----BEGIN PKCS7-----\nMIIB\n-----END PKCS7-----\n", customer)


def test_a_certificate_that_is_cut_off_is_refused(customer: Customer, issuing: Signer) -> None:
    assert refusal(issuing.sign(customer.request()) + issuing.pem[:200], customer)


@pytest.mark.parametrize("kind", ["PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"])
def test_a_private_key_beside_the_chain_is_refused(customer: Customer, issuing: Signer, kind: str) -> None:
    key = f"-----BEGIN {kind}-----\nc2VjcmV0\n-----END {kind}-----\n"

    cause = refusal(issuing.sign(customer.request()) + issuing.pem + key, customer)

    assert "private key" in cause
    assert "c2VjcmV0" not in cause


def test_a_chain_of_another_key_is_named_by_its_names(customer: Customer, issuing: Signer) -> None:
    _, other = requests.make(["other.example"])

    assert "other.example" in refusal(issuing.sign(other) + issuing.pem, customer)


def test_the_wrong_order_says_what_belongs_first(customer: Customer, root: Signer, issuing: Signer) -> None:
    leaf = issuing.sign(customer.request())

    assert "number 2" in refusal(issuing.pem + leaf, customer)
    assert "number 3" in refusal(leaf + root.pem + issuing.pem, customer)


def test_a_missing_intermediate_is_named(customer: Customer, root: Signer, issuing: Signer) -> None:
    leaf = issuing.sign(customer.request())

    for chain in (leaf, leaf + root.pem):
        assert "CN=Test Issuing" in refusal(chain, customer)


def test_missing_and_foreign_names_are_named_together(customer: Customer, issuing: Signer) -> None:
    chain = issuing.sign(customer.request(), names=("shop.example", "evil.example")) + issuing.pem

    cause = refusal(chain, customer)

    assert "www.shop.example" in cause
    assert "evil.example" in cause


@pytest.mark.parametrize(("begins", "ends"), [(-2, -1), (1, 2), (-70, 20)])
def test_a_chain_at_the_wrong_time_is_refused_with_its_dates(
    customer: Customer, issuing: Signer, begins: int, ends: int
) -> None:
    chain = issuing.sign(customer.request(), begins=begins * DAYS, ends=ends * DAYS) + issuing.pem

    leaf = describe(chain)
    assert (leaf.not_before if begins > 0 else leaf.not_after).isoformat() in refusal(chain, customer)


def test_an_expired_intermediate_is_named(customer: Customer, root: Signer) -> None:
    old = Signer("Old Issuing", root, ends=-DAYS)

    assert "CN=Old Issuing" in refusal(old.sign(customer.request()) + old.pem, customer)


def test_a_certificate_for_clients_alone_is_refused(customer: Customer, issuing: Signer) -> None:
    assert "servers" in refusal(issuing.sign(customer.request(), for_servers=False) + issuing.pem, customer)


def test_all_that_is_wrong_is_said_at_once(customer: Customer, issuing: Signer) -> None:
    chain = issuing.sign(customer.request(), names=("evil.example",), begins=-2 * DAYS, ends=-DAYS)

    cause = refusal(chain, customer)

    assert all(each in cause for each in ("evil.example", "shop.example", "CN=Test Issuing", "expired"))
