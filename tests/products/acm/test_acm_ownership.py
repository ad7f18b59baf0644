"""AWS Certificate Manager: whose a certificate is, where it lies, what it is called, and what is in use."""

import pytest

from provisioning_assets.errors import (
    ApplyFailed,
)
from provisioning_assets.probes.tls import describe
from tests.support.authorities import Challenges, Customer
from tests.support.certificate_manager import NAMES, SCOPE, at, listed, listening, refusal, requested, somebody
from tests.support.name_servers import Zone
from tests.support.self_signed import self_signed


def test_it_carries_the_tags_of_the_engagement(cloud: str, zone: Zone) -> None:
    issued = at(cloud).issue(Customer(NAMES, Challenges(zone)))

    tags = somebody(cloud).list_tags_for_certificate(CertificateArn=issued.reference)["Tags"]

    assert {each["Key"]: each["Value"] for each in tags} == {
        "Engagement": "shop", "Environment": "staging", "Certificate": "web", "ManagedBy": "provisioning",
    }  # fmt: skip


def test_what_somebody_else_has_is_left_alone(cloud: str, zone: Zone) -> None:
    key, chain = self_signed(NAMES)
    own = {"Engagement": "shop", "Environment": "staging"}
    tags = [{"Key": name, "Value": value} for name, value in {**own, "Certificate": "web"}.items()]
    theirs = [
        requested(cloud, *NAMES),
        requested(cloud, *NAMES, Stage="endpoints", ManagedBy="terraform", **own),
        requested(cloud, *NAMES, Engagement="shop", Environment="production", Certificate="web"),
        requested(cloud, *NAMES, Engagement="shopping", Environment="staging", Certificate="web"),
        somebody(cloud).import_certificate(Certificate=chain, PrivateKey=key, Tags=tags)["CertificateArn"],
    ]
    authority = at(cloud)
    assert authority.held(SCOPE) == []

    issued = authority.issue(Customer(NAMES, Challenges(zone)))

    assert issued.reference not in theirs
    assert set(listed(cloud)) == {*theirs, issued.reference}
    assert [each.reference for each in authority.held(SCOPE)] == [issued.reference]


def test_of_two_of_the_same_name_the_issued_one_is_taken_then_the_oldest(cloud: str, zone: Zone) -> None:
    tags = {"Engagement": "shop", "Environment": "staging", "Certificate": "web"}
    first, second = requested(cloud, "other.example", "shop.example", **tags), ""
    issued = at(cloud).issue(Customer(NAMES, Challenges(zone))).reference
    second = requested(cloud, *NAMES, **tags)

    assert {each.reference for each in at(cloud).held(SCOPE)} == {first, issued, second}
    assert at(cloud).issue(Customer(NAMES, Challenges(zone))).reference == issued


def test_what_a_load_balancer_uses_is_not_deleted(cloud: str, zone: Zone) -> None:
    authority = at(cloud)
    issued = authority.issue(Customer(NAMES, Challenges(zone)))
    balancer = listening(cloud, issued.reference)
    (held,) = authority.held(SCOPE)
    assert [balancer in each for each in held.used_by] == [True]

    with pytest.raises(ApplyFailed) as caught:
        authority.drop(held)

    assert caught.value.where == issued.reference
    assert balancer in caught.value.cause
    assert caught.value.remedy
    assert listed(cloud) == [issued.reference]


def test_what_is_gone_already_is_dropped(cloud: str, zone: Zone) -> None:
    authority = at(cloud)
    authority.issue(Customer(NAMES, Challenges(zone)))
    (held,) = authority.held(SCOPE)
    somebody(cloud).delete_certificate(CertificateArn=held.reference)

    authority.drop(held)

    assert authority.held(SCOPE) == []


def test_certificates_for_cloudfront_lie_in_a_region_of_their_own(cloud: str, zone: Zone) -> None:
    far, near = at(cloud, region="us-east-1"), at(cloud)

    issued = far.issue(Customer(NAMES, Challenges(zone)))

    assert issued.reference.split(":")[3] == "us-east-1"
    assert near.held(SCOPE) == []
    assert [each.reference for each in near.astray(SCOPE).held] == [issued.reference]
    assert far.astray(SCOPE).held == ()
    assert near.authority() != far.authority()
    assert far.identity() == {"account": "123456789012", "authority": far.authority()}


@pytest.mark.parametrize("region", ["", "Frankfurt", "eu-central", "eu-central-1a"])
def test_what_is_no_region_is_refused(cloud: str, region: str) -> None:
    with pytest.raises(ValueError, match="region"):
        at(cloud, region=region)


def test_the_common_name_is_one_that_fits(cloud: str, zone: Zone) -> None:
    long = f"{'a' * 60}.shop.example"

    issued = at(cloud).issue(Customer((long, "shop.example"), Challenges(zone)))

    assert (
        somebody(cloud).describe_certificate(CertificateArn=issued.reference)["Certificate"]["DomainName"]
        == "shop.example"
    )
    assert describe(issued.chain).names == tuple(sorted((long, "shop.example")))
    (held,) = at(cloud).held(SCOPE)
    assert held.names == describe(issued.chain).names


def test_more_names_than_the_account_may_have_are_refused_with_the_reason(cloud: str, zone: Zone) -> None:
    many = tuple(f"n{number}.shop.example" for number in range(11))

    error = refusal(lambda: at(cloud).issue(Customer(many, Challenges(zone))))

    assert "LimitExceededException" in error.cause
    assert listed(cloud) == []
