"""AWS Private CA: authorities that are not there or not active, regions, accounts, certificates that take time."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import acm_pca
from provisioning_assets.backends.certificates.acm_pca import AcmPca
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ProviderFailed, ProvisioningError, Unreachable
from tests.support.authorities import Customer
from tests.support.back_ends import REGION, aws_access, opened
from tests.support.private_ca import pca, pending_authority, root_authority
from tests.support.servers import free_port

NAMES = ("shop.example", "www.shop.example")
NOBODY = f"arn:aws:acm-pca:{REGION}:123456789012:certificate-authority/00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def arn(moto: str) -> str:
    return root_authority(moto)


def at(moto: str, arn: str, **settings: Any) -> AcmPca:
    authority: AcmPca = opened(Kind.CERTIFICATES, "acm_pca", aws_access(moto), arn=arn, **settings)
    return authority


def refusal(ask: Callable[[], Any], where: str) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as caught:
        ask()
    assert caught.value.where == where
    assert caught.value.cause
    assert caught.value.remedy
    return caught.value


def test_an_authority_that_is_not_there_is_named(moto: str) -> None:
    authority, customer = at(moto, NOBODY), Customer(NAMES, None)

    for ask in (authority.reach, lambda: authority.issue(customer)):
        assert "ResourceNotFoundException" in refusal(ask, NOBODY).cause


@pytest.mark.parametrize("status", ["PENDING_CERTIFICATE", "DISABLED"])
def test_an_authority_that_signs_nothing_is_told_with_its_status(moto: str, status: str) -> None:
    pending = pending_authority(moto)
    if status == "DISABLED":
        pca(moto).update_certificate_authority(CertificateAuthorityArn=pending, Status=status)
    authority = at(moto, pending)

    for ask in (authority.reach, lambda: authority.issue(Customer(NAMES, None))):
        assert status in refusal(ask, pending).cause


def test_an_authority_may_lie_in_another_region(moto: str) -> None:
    authority = at(moto, root_authority(moto, "eu-west-1"))

    authority.reach()

    assert authority.issue(Customer(NAMES, None)).chain


def test_the_chain_ends_with_the_authoritys_own_certificate(moto: str, arn: str) -> None:
    leaf, root = x509.load_pem_x509_certificates(at(moto, arn).issue(Customer(NAMES, None)).chain.encode())

    leaf.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)


def test_it_signs_whatever_name_it_is_asked_for(moto: str, arn: str) -> None:
    assert at(moto, arn).issue(Customer(("www.evil.example",), None)).chain


def test_what_was_revoked_or_is_not_made_yet_is_no_certificate(moto: str, arn: str) -> None:
    authority, client = at(moto, arn), pca(moto)
    asked = {"Csr": Customer(NAMES, None).request().encode(), "SigningAlgorithm": "SHA256WITHRSA"}
    days = {"Value": 1, "Type": "DAYS"}
    made = client.issue_certificate(CertificateAuthorityArn=arn, Validity=days, **asked)["CertificateArn"]
    found = authority._made(authority._client(), made)
    assert found is not None
    serial = f"{x509.load_pem_x509_certificate(found['Certificate'].encode()).serial_number:X}"
    by_two = ":".join(serial[at : at + 2] for at in range(0, len(serial), 2))
    client.revoke_certificate(CertificateAuthorityArn=arn, CertificateSerial=by_two, RevocationReason="SUPERSEDED")

    assert authority._made(authority._client(), made) is None


def test_one_that_takes_too_long_is_told_and_asked_for_again_later(
    moto: str, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, customer = at(moto, arn), Customer(NAMES, None)
    with monkeypatch.context() as slow:
        slow.setattr(acm_pca, "SIGNING_TIME", 0.1)
        slow.setattr(authority, "_made", lambda *_: None)
        with pytest.raises(ProviderFailed) as caught:
            authority.issue(customer)
    assert arn in caught.value.where
    assert caught.value.remedy

    assert authority.issue(customer).chain
    assert len(customer.keys) == 1


def test_credentials_of_another_account_are_refused(moto: str, arn: str) -> None:
    access = Access("profile staging", aws_access(moto).variables, REGION, account="999999999999")

    with pytest.raises(ProvisioningError) as caught:
        opened(Kind.CERTIFICATES, "acm_pca", access, arn=arn).reach()

    assert caught.value.where == "profile staging"
    assert caught.value.remedy


def test_a_profile_without_credentials_is_told_what_to_set(moto: str, arn: str) -> None:
    access = Access("profile of nobody", {"AWS_ENDPOINT_URL": moto, "AWS_EC2_METADATA_DISABLED": "true"}, REGION)

    refused = opened(Kind.CERTIFICATES, "acm_pca", access, arn=arn)

    for ask in (refused.reach, lambda: refused.issue(Customer(NAMES, None))):
        with pytest.raises(ProviderFailed) as caught:
            ask()
        assert caught.value.where == "profile of nobody"
        assert "AWS_ACCESS_KEY_ID" in caught.value.remedy


def test_a_service_that_is_away_is_named_by_its_own_address(moto: str, arn: str) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    access = aws_access(moto, AWS_ENDPOINT_URL_ACM_PCA=address)
    authority = opened(Kind.CERTIFICATES, "acm_pca", access, arn=arn)

    for ask in (authority.reach, lambda: authority.issue(Customer(NAMES, None))):
        with pytest.raises(Unreachable) as caught:
            ask()
        assert caught.value.address == address


@pytest.mark.parametrize(
    "arn", ["", "my-authority", "arn:aws:acm:eu-central-1:123456789012:certificate/1", f"{NOBODY}/certificate/1"]
)
def test_what_is_no_arn_of_an_authority_is_refused(moto: str, arn: str) -> None:
    with pytest.raises(ValueError, match="certificate-authority"):
        at(moto, arn)


@pytest.mark.parametrize("days", [0, 3651])
def test_days_have_their_limits(moto: str, days: int) -> None:
    with pytest.raises(ValueError, match="days"):
        at(moto, NOBODY, days=days)


def test_an_authority_and_its_account_are_the_identity(moto: str, arn: str) -> None:
    assert at(moto, arn).identity() == {"account": "123456789012", "authority": arn}
    assert at(moto, arn).authority() == arn
