"""AWS Certificate Manager: what Amazon refuses, ends or does not renew, and a service in trouble."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates.acm import authority as issuing
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import (
    ProviderFailed,
    ProvisioningError,
    Unreachable,
    Waiting,
)
from tests.support.authorities import Challenges, Customer
from tests.support.back_ends import REGION, aws_access, opened
from tests.support.certificate_manager import NAMES, SCOPE, Nowhere, at, listed, refusal, saying
from tests.support.http_servers import answering_always
from tests.support.name_servers import Zone
from tests.support.servers import free_port


@pytest.mark.parametrize("reason", ["CAA_ERROR", "ADDITIONAL_VERIFICATION_REQUIRED"])
def test_a_refusal_by_amazon_is_told_and_the_next_run_asks_anew(
    cloud: str, zone: Zone, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    authority = at(cloud)
    with monkeypatch.context() as refused:
        saying(refused, authority, Status="FAILED", FailureReason=reason)
        error = refusal(lambda: authority.issue(Customer(NAMES, Nowhere())))
        assert reason in error.cause
        (held,) = authority.held(SCOPE)
        assert held.state == "lost"
        assert reason in held.told
        again = authority._requested(Customer(NAMES, Nowhere()), [held])
    assert again != held.reference
    assert len(listed(cloud)) == 2


DETAIL = {"NotBefore": datetime.now(UTC) - timedelta(days=150), "NotAfter": datetime.now(UTC) + timedelta(days=48)}
LATE = {"NotBefore": datetime.now(UTC) - timedelta(days=180), "NotAfter": datetime.now(UTC) + timedelta(days=18)}
LOOKS = {"Name": "_r.shop.example.", "Type": "CNAME", "Value": "_v.acm-validations.aws."}
OPTIONS = [
    {"DomainName": "shop.example", "ValidationStatus": "PENDING_VALIDATION", "ResourceRecord": LOOKS},
    {"DomainName": "www.shop.example", "ValidationStatus": "SUCCESS", "ResourceRecord": {**LOOKS, "Name": "_s."}},
]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ""),
        ({"RenewalSummary": {"RenewalStatus": "SUCCESS", "DomainValidationOptions": OPTIONS}}, ""),
        ({"RenewalSummary": {"RenewalStatus": "PENDING_AUTO_RENEWAL", "DomainValidationOptions": OPTIONS}}, ""),
        (
            {"RenewalSummary": {"RenewalStatus": "PENDING_VALIDATION", "DomainValidationOptions": OPTIONS}},
            "_r.shop.example",
        ),
        ({"RenewalSummary": {"RenewalStatus": "FAILED", "RenewalStatusReason": "CAA_ERROR"}}, "CAA_ERROR"),
        (LATE, LATE["NotAfter"].isoformat()),
    ],
    ids=["two thirds are over", "renewed", "on its way", "waits", "failed", "late"],
)
def test_a_renewal_is_said_to_wait_when_it_does(
    cloud: str, zone: Zone, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], expected: str
) -> None:
    authority = at(cloud)
    monkeypatch.setattr(issuing, "ISSUING_TIME", 5.0)
    authority.issue(Customer(NAMES, Challenges(zone)))
    monkeypatch.setattr(issuing, "ISSUING_TIME", 0.1)
    saying(monkeypatch, authority, **DETAIL, **{key: value for key, value in more.items() if key == "RenewalSummary"})
    if more is LATE:
        saying(monkeypatch, authority, **LATE)

    (held,) = authority.held(SCOPE)

    assert held.state == "issued"
    assert held.chain
    assert bool(held.told) == bool(expected)
    assert expected in held.told
    assert "_s" not in held.told.split()
    if expected:
        with pytest.raises(Waiting):
            authority.issue(Customer(NAMES, Challenges(zone)))


@pytest.mark.parametrize("status", ["EXPIRED", "REVOKED", "VALIDATION_TIMED_OUT", "INACTIVE", "SOMETHING_NEW"])
def test_one_that_is_no_good_any_more_is_lost(
    cloud: str, zone: Zone, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    authority = at(cloud)
    authority.issue(Customer(NAMES, Challenges(zone)))
    saying(monkeypatch, authority, Status=status)

    (held,) = authority.held(SCOPE)

    assert (held.state, held.chain) == ("lost", "")
    assert status in held.told


def test_records_that_amazon_does_not_name_in_time_are_waited_for_later(
    cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = at(cloud)
    monkeypatch.setattr(issuing, "RECORDS_TIME", 0.1)
    saying(monkeypatch, authority, DomainValidationOptions=[{"DomainName": "shop.example"}])

    with pytest.raises(Waiting) as waiting:
        authority.issue(Customer(NAMES, Nowhere()))

    assert waiting.value.where == listed(cloud)[0]


def test_credentials_of_another_account_are_refused(cloud: str) -> None:
    access = Access("profile staging", aws_access(cloud).variables, REGION, account="999999999999")

    with pytest.raises(ProvisioningError) as caught:
        opened(Kind.CERTIFICATES, "acm", access).reach()

    assert caught.value.where == "profile staging"
    assert caught.value.remedy


def test_a_profile_without_credentials_is_told_what_to_set(cloud: str) -> None:
    access = Access("profile of nobody", {"AWS_ENDPOINT_URL": cloud, "AWS_EC2_METADATA_DISABLED": "true"}, REGION)
    refused = opened(Kind.CERTIFICATES, "acm", access)

    for ask in (refused.reach, lambda: refused.held(SCOPE), lambda: refused.issue(Customer(NAMES, Nowhere()))):
        with pytest.raises(ProviderFailed) as caught:
            ask()
        assert caught.value.where == "profile of nobody"
        assert "AWS_ACCESS_KEY_ID" in caught.value.remedy


def test_a_service_that_is_away_is_named_by_its_own_address(cloud: str) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    authority = opened(Kind.CERTIFICATES, "acm", aws_access(cloud, AWS_ENDPOINT_URL_ACM=address))

    for ask in (authority.reach, lambda: authority.held(SCOPE)):
        with pytest.raises(Unreachable) as caught:
            ask()
        assert caught.value.address == address


@pytest.mark.parametrize(
    ("status", "document"),
    [(200, "welcome"), (502, "<html>"), (400, '{"__type": "AccessDeniedException", "message": "no"}')],
)
def test_nonsense_and_refusals_are_told_with_a_remedy(cloud: str, status: int, document: str) -> None:
    with answering_always(status, document) as address:
        authority = opened(Kind.CERTIFICATES, "acm", aws_access(cloud, AWS_ENDPOINT_URL_ACM=address))

        error = refusal(lambda: authority.held(SCOPE))

    assert "Traceback" not in str(error)
