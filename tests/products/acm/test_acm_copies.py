"""Copies in AWS Certificate Manager: their tags and users, where they lie, and what Amazon refuses."""

import json
import logging
import traceback
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import Original, requests
from provisioning_assets.backends.certificates.acm.copies import AcmCopies
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ApplyFailed, ProviderFailed, ProvisioningError, Unreachable
from provisioning_assets.probes.tls import fingerprints
from tests.support.back_ends import REGION, aws_access, opened
from tests.support.certificate_manager import NAMES, SCOPE, listening, requested, somebody
from tests.support.http_servers import answering_always, echoing
from tests.support.self_signed import self_signed
from tests.support.servers import free_port
from tests.support.signing import Signer

ROOT = Signer("Root")
OWN = {"Engagement": "shop", "Environment": "staging", "Certificate": "web"}


def at(address: str, *, region: str | None = None, **more: str) -> AcmCopies:
    found: AcmCopies = opened(Kind.COPIES, "acm", aws_access(address, **more), region=region)
    return found


def original(name: str = "web") -> Original:
    key, request = requests.make(NAMES)
    return Original(SCOPE, name, ROOT.sign(request) + ROOT.pem, key)


def tags(address: str, reference: str) -> dict[str, str]:
    found = somebody(address).list_tags_for_certificate(CertificateArn=reference)["Tags"]
    return {each["Key"]: each["Value"] for each in found}


def test_a_copy_keeps_its_tags_and_its_users_over_renewals(cloud: str) -> None:
    reference = at(cloud).put(original())
    balancer = listening(cloud, reference)
    (before,) = at(cloud).held(SCOPE)
    renewed = original()

    assert at(cloud).put(renewed, before) == reference

    (held,) = at(cloud).held(SCOPE)
    assert fingerprints(held.chain) == fingerprints(renewed.chain)
    assert tags(cloud, reference) == {**OWN, "ManagedBy": "provisioning"}
    assert [balancer in each for each in held.used_by] == [True]


def test_a_copy_that_a_load_balancer_uses_is_not_deleted(cloud: str) -> None:
    copies = at(cloud)
    reference = copies.put(original())
    balancer = listening(cloud, reference)
    (held,) = copies.held(SCOPE)

    with pytest.raises(ApplyFailed) as caught:
        copies.drop(held)

    assert (caught.value.where, balancer in caught.value.cause, bool(caught.value.remedy)) == (reference, True, True)
    assert [each.reference for each in copies.held(SCOPE)] == [reference]


def test_what_amazon_issued_or_somebody_else_imported_is_no_copy(cloud: str) -> None:
    key, chain = self_signed(NAMES)
    client = somebody(cloud)
    client.import_certificate(Certificate=chain, PrivateKey=key)
    given = [{"Key": name, "Value": value} for name, value in {**OWN, "Engagement": "shopping"}.items()]
    client.import_certificate(Certificate=chain, PrivateKey=key, Tags=given)
    requested(cloud, *NAMES, **OWN)

    assert at(cloud).held(SCOPE) == []
    reference = at(cloud).put(original())
    assert [each.reference for each in at(cloud).held(SCOPE)] == [reference]
    assert reference not in {each.reference for each in opened(Kind.CERTIFICATES, "acm", aws_access(cloud)).held(SCOPE)}


def test_copies_for_cloudfront_lie_in_a_region_of_their_own(cloud: str) -> None:
    far, near = at(cloud, region="us-east-1"), at(cloud)

    reference = far.put(original())

    assert reference.split(":")[3] == "us-east-1"
    assert near.held(SCOPE) == []
    assert near.place() != far.place()
    assert far.identity() == {"account": "123456789012", "place": far.place()}


def test_what_lies_in_the_region_before_is_found_there(cloud: str) -> None:
    near, far = at(cloud), at(cloud, region="us-east-1")
    here, there = near.put(original()), far.put(original())

    assert [each.reference for each in near.astray(SCOPE).held] == [there]
    assert [each.reference for each in far.astray(SCOPE).held] == [here]
    elsewhere = at(cloud, region="eu-west-1").astray(SCOPE)
    assert {each.reference for each in elsewhere.held} == {here, there}
    assert (near.astray("shop-production").held, dict(elsewhere.unseen)) == ((), {})


def test_a_region_that_cannot_be_looked_at_is_named(cloud: str, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = AcmCopies._listed

    def refused_elsewhere(self: AcmCopies) -> list[str]:
        if self._region != REGION:
            raise ProviderFailed("AccessDeniedException", where=self._region)
        return listed(self)

    monkeypatch.setattr(AcmCopies, "_listed", refused_elsewhere)

    left = at(cloud).astray(SCOPE)

    assert left.held == ()
    assert left.unseen.keys() == {at(cloud, region="us-east-1").place()}


@pytest.mark.parametrize("region", ["", "Frankfurt", "eu-central", "eu-central-1a"])
def test_what_is_no_region_is_refused(cloud: str, region: str) -> None:
    with pytest.raises(ValueError, match="region"):
        at(cloud, region=region)


@pytest.mark.parametrize("status", ["EXPIRED", "REVOKED"])
def test_one_that_has_ended_is_told_and_an_expired_one_is_still_served(
    cloud: str, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    copies = at(cloud)
    copies.put(original())
    describe_it = copies._described
    monkeypatch.setattr(copies, "_described", lambda arn: {**describe_it(arn), "Status": status})

    (held,) = copies.held(SCOPE)

    assert status in held.told
    assert (held.state, bool(held.chain)) == (("issued", True) if status == "EXPIRED" else ("lost", False))


def test_one_that_is_gone_meanwhile_is_not_put_over(cloud: str) -> None:
    copies = at(cloud)
    copies.put(original())
    (held,) = copies.held(SCOPE)
    somebody(cloud).delete_certificate(CertificateArn=held.reference)

    with pytest.raises(ApplyFailed) as caught:
        copies.put(original(), held)

    assert (caught.value.where, bool(caught.value.remedy)) == (held.reference, True)
    assert copies.held(SCOPE) == []


REFUSALS = [
    ("AccessDeniedException", "no", "ImportCertificate"),
    ("LimitExceededException", "too many imports this year", "quota"),
    ("ValidationException", "the chain is not accepted", "key_type"),
    ("InvalidParameterException", "the key is not accepted", "key_type"),
    ("ConflictException", "somebody else is at it", "again"),
]


@pytest.mark.parametrize(("code", "message", "remedy"), REFUSALS)
def test_a_refusal_by_amazon_is_told_with_its_reason(cloud: str, code: str, message: str, remedy: str) -> None:
    with answering_always(400, json.dumps({"__type": code, "message": message})) as address:
        copies = at(cloud, AWS_ENDPOINT_URL_ACM=address)

        with pytest.raises(ApplyFailed) as caught:
            copies.put(original())

    assert (caught.value.where, caught.value.cause) == (copies.place(), f"{code}: {message}")
    assert remedy in caught.value.remedy


def test_an_import_over_another_that_is_refused_says_how_to_begin_anew(cloud: str) -> None:
    at(cloud).put(original())
    (held,) = at(cloud).held(SCOPE)
    with answering_always(400, json.dumps({"__type": "ValidationException", "message": "usages"})) as address:
        copies = at(cloud, AWS_ENDPOINT_URL_ACM=address)

        with pytest.raises(ApplyFailed) as caught:
            copies.put(original(), held)

    assert held.reference in caught.value.remedy


@pytest.mark.parametrize(("status", "document"), [(200, "welcome"), (200, "{}"), (502, "<html>")])
def test_nonsense_is_told_with_a_remedy(cloud: str, status: int, document: str) -> None:
    with answering_always(status, document) as address:
        copies = at(cloud, AWS_ENDPOINT_URL_ACM=address)

        for ask in (lambda: copies.put(original()), lambda: copies.held(SCOPE)):
            with pytest.raises(ProviderFailed) as caught:
                ask()
            assert all((caught.value.what, caught.value.where, caught.value.remedy))


def test_a_service_that_is_away_is_named_by_its_own_address(cloud: str) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    copies = at(cloud, AWS_ENDPOINT_URL_ACM=address)

    for ask in (copies.reach, lambda: copies.held(SCOPE), lambda: copies.put(original())):
        with pytest.raises(Unreachable) as caught:
            ask()
        assert caught.value.address == address


def test_credentials_of_another_account_are_refused(cloud: str) -> None:
    access = Access("profile staging", aws_access(cloud).variables, REGION, account="999999999999")

    with pytest.raises(ProvisioningError) as caught:
        opened(Kind.COPIES, "acm", access).reach()

    assert (caught.value.where, bool(caught.value.remedy)) == ("profile staging", True)


def test_a_profile_without_credentials_is_told_what_to_set(cloud: str) -> None:
    access = Access("profile of nobody", {"AWS_ENDPOINT_URL": cloud, "AWS_EC2_METADATA_DISABLED": "true"}, REGION)
    refused = opened(Kind.COPIES, "acm", access)

    for ask in (refused.reach, lambda: refused.put(original())):
        with pytest.raises(ProviderFailed) as caught:
            ask()
        assert caught.value.where == "profile of nobody"
        assert "AWS_ACCESS_KEY_ID" in caught.value.remedy


def test_a_key_is_shown_to_nobody_but_amazon(
    cloud: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []

    def refused(act: Callable[[], Any]) -> None:
        with pytest.raises(ProvisioningError) as failure:
            act()
        said.extend(traceback.format_exception(failure.value))
        error: BaseException | None = failure.value
        while error is not None:
            said.append(f"{error!s} {error!r} {error.args!r} {vars(error)!r}")
            error = error.__cause__ or error.__context__

    shop, copies = original(), at(cloud)
    copies.put(shop)
    (held,) = copies.held(SCOPE)
    copies.put(shop, held)
    said.append(repr([shop, copies, held]))
    refused(lambda: copies.put(Original(SCOPE, "web", self_signed(NAMES)[1], shop.key)))
    refused(lambda: at(f"http://127.0.0.1:{free_port()}").put(shop))
    with echoing() as address:
        refused(lambda: at(cloud, AWS_ENDPOINT_URL_ACM=address).put(shop))
        refused(lambda: at(cloud, AWS_ENDPOINT_URL_ACM=address).put(shop, held))

    printed = capfd.readouterr()
    everything = "\n".join([caplog.text, printed.out, printed.err, *said])
    assert "ImportCertificate" in caplog.text, "the log was not heard: the test proves nothing"
    for secret in forms(shop.key):
        assert secret not in everything


def forms(key: str) -> list[str]:
    """What would betray a key: a line of its body, and pieces of it as it is sent."""
    sent = b64encode(key.encode()).decode()
    return [key.splitlines()[1][:32], *(sent[start : start + 32] for start in (64, 128, 192))]
