"""The emulated certificate manager: as a run has it, and as somebody who may do everything."""

from collections.abc import Callable
from typing import Any

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.certificates.acm.authority import Acm
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import (
    ProviderFailed,
)
from tests.support.back_ends import REGION, aws_access, opened

NAMES = ("shop.example", "www.shop.example")
SCOPE = "shop-staging"


class Nowhere:
    """Publishes nothing: a name server that lags."""

    def keep(self, _proofs: object) -> None: ...


def at(address: str, **settings: Any) -> Acm:
    authority: Acm = opened(Kind.CERTIFICATES, "acm", aws_access(address), **settings)
    return authority


def somebody(address: str, service: str = "acm", region: str = REGION) -> Any:
    """A client of somebody who may do everything."""
    return aws.of(aws_access(address)).client(service, region)


def listed(address: str, region: str = REGION) -> list[str]:
    """Also those with keys that Amazon lists only for who asks for them."""
    asked = {"keyTypes": ["RSA_2048", "EC_prime256v1"]}
    found = somebody(address, "acm", region).list_certificates(Includes=asked)["CertificateSummaryList"]
    return [each["CertificateArn"] for each in found]


def requested(address: str, *names: str, **tags: str) -> str:
    made = somebody(address).request_certificate(
        DomainName=names[0], SubjectAlternativeNames=names, ValidationMethod="DNS",
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()] or [{"Key": "Whose", "Value": "theirs"}],
    )  # fmt: skip
    return str(made["CertificateArn"])


def refusal(ask: Callable[[], Any]) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as caught:
        ask()
    assert all((caught.value.what, caught.value.where, caught.value.cause, caught.value.remedy))
    return caught.value


def saying(patch: pytest.MonkeyPatch, authority: Acm, **attributes: Any) -> None:
    """What Amazon would say, and moto never does."""
    describe_it = authority._described
    patch.setattr(authority, "_described", lambda arn: {**describe_it(arn), **attributes})


def listening(address: str, certificate: str) -> str:
    """A load balancer with this certificate; its name and number."""
    ec2, elb = somebody(address, "ec2"), somebody(address, "elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = [(f"{REGION}a", "10.0.0.0/24"), (f"{REGION}b", "10.0.1.0/24")]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for zone, block in zones
    ]
    made = elb.create_load_balancer(Name="shop", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    elb.create_listener(
        LoadBalancerArn=made, Protocol="HTTPS", Port=443, Certificates=[{"CertificateArn": certificate}],
        DefaultActions=[answer],
    )  # fmt: skip
    return str(made).partition("/")[2]
