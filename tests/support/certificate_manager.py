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
    return [
        each["CertificateArn"]
        for each in somebody(address, "acm", region).list_certificates()["CertificateSummaryList"]
    ]


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
