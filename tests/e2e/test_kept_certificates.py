"""Certificates that stay with AWS Certificate Manager, by the command line: proven by records that stay in the zone."""

from collections.abc import Iterator
from typing import Any

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.sandbox import lifecycle as sandbox
from tests.e2e.conftest import Shop, repository

pytestmark = pytest.mark.second

STAGING = ("apply", "demo_shop", "staging")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop with one stage, whose certificates never leave the cloud."""
    with repository(tmp_path_factory.mktemp("kept"), one_stage=True) as shop:
        file = shop.folder / "engagements/demo_shop/engagement.yaml"
        text = file.read_text()
        assert "provider: acme" in text
        file.write_text(text.replace("provider: acme", "provider: acm"))
        yield shop


def client(shop: Shop, service: str) -> Any:
    return aws.of(shop.profile.access(sandbox.REGION)).client(service)


def states(shop: Shop) -> dict[str, str]:
    found = client(shop, "acm").list_certificates()["CertificateSummaryList"]
    return {each["CertificateArn"]: each["Status"] for each in found}


def validation_records(shop: Shop) -> list[dict[str, Any]]:
    (zone,) = client(shop, "route53").list_hosted_zones()["HostedZones"]
    there = client(shop, "route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    return [each for each in there if each["Type"] == "CNAME" and "acm-validations" in str(each["ResourceRecords"])]


def take_out(shop: Shop, record: dict[str, Any]) -> None:
    (zone,) = client(shop, "route53").list_hosted_zones()["HostedZones"]
    batch = {"Changes": [{"Action": "DELETE", "ResourceRecordSet": record}]}
    client(shop, "route53").change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch=batch)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_certificates_are_issued_by_records_that_stay(shop: Shop) -> None:
    first = shop.run(*STAGING)
    told = first.stdout + first.stderr
    assert "internal error" not in told
    assert set(states(shop).values()) == {"ISSUED"}, told[-4000:]
    assert len(states(shop)) == 2
    records = validation_records(shop)
    # A name and its wildcard have one record, also when they are of two certificates.
    assert len(records) == 3
    assert "staging/certificates: certificates_are_issued is green" in told
    # Nothing in the sandbox has a key that never leaves the cloud: who would serve the certificates is not there.
    assert first.returncode == 2, told[-4000:]

    again = shop.run(*STAGING)
    assert len(states(shop)) == 2
    assert validation_records(shop) == records, again.stdout[-4000:]

    take_out(shop, records[-1])  # moto takes no other one back: it says that there is one already
    third = shop.run(*STAGING)
    assert validation_records(shop) == records, third.stdout[-4000:] + third.stderr[-2000:]
    assert len(states(shop)) == 2
