"""Certificates of an ACME authority that are imported into AWS Certificate Manager, by the command line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hvac
import pytest

from provisioning_assets.backends import aws
from provisioning_assets.sandbox import lifecycle as sandbox
from tests.e2e.conftest import Shop, repository
from tests.support.leaks import files_below, leaks, objects_in, stored_values

pytestmark = pytest.mark.second

STAGING = ("demo_shop", "staging")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop with one stage, whose certificates are also where CloudFront looks for them."""
    with repository(tmp_path_factory.mktemp("imported"), one_stage=True) as shop:
        file = shop.folder / "engagements/demo_shop/engagement.yaml"
        chosen = "provider: acme\n  import_into: {name: acm, region: us-east-1}"
        file.write_text(file.read_text().replace("provider: acme", chosen, 1))
        yield shop


def client(shop: Shop, service: str, region: str = sandbox.REGION) -> Any:
    return aws.of(shop.profile.access(region)).client(service)


def imported(shop: Shop) -> dict[str, str]:
    """What lies there: certificate's name to ARN."""
    acm = client(shop, "acm", "us-east-1")
    found = acm.list_certificates(Includes={"keyTypes": ["EC_prime256v1"]})["CertificateSummaryList"]
    arns = [each["CertificateArn"] for each in found]
    tags = {arn: acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] for arn in arns}
    return {each["Value"]: arn for arn, own in tags.items() for each in own if each["Key"] == "Certificate"}


def stored(shop: Shop, name: str) -> dict[str, str]:
    token = Path(shop.variables["VAULT_TOKEN_FILE"]).read_text().strip()
    bao = hvac.Client(url=shop.variables["VAULT_ADDR"], token=token)
    found = bao.secrets.kv.v2.read_secret_version(
        path=f"certificate-{name}", mount_point="demo_shop-staging-runtime", raise_on_deleted_version=True
    )
    value: dict[str, str] = found["data"]["data"]
    return value


def shown(shop: Shop) -> list[str]:
    """Files and objects of the runs that hold a secret."""
    token_file = Path(shop.variables["VAULT_TOKEN_FILE"])
    token = token_file.read_text().strip()
    secrets = {token, *stored_values(shop.variables["VAULT_ADDR"], token)}
    files = files_below(shop.folder / ".provisioning", but=token_file)
    return leaks({**files, **objects_in(client(shop, "s3"), "demo-shop-staging-state")}, secrets)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_certificates_lie_where_they_are_served_from_and_stay_there(shop: Shop) -> None:
    first = shop.run("apply", *STAGING)
    told = first.stdout + first.stderr
    assert first.returncode == 0, told[-4000:]
    before = imported(shop)
    assert before.keys() == {"shop", "wildcard"}
    chains = {name: stored(shop, name)["chain"] for name in before}
    assert {name: stored(shop, name)["reference"] for name in before} == before

    again = shop.run("apply", *STAGING)
    assert again.returncode == 0, again.stdout[-4000:] + again.stderr[-2000:]
    assert imported(shop) == before

    client(shop, "acm", "us-east-1").delete_certificate(CertificateArn=before["shop"])
    red = shop.run("check", *STAGING, "certificates_are_issued")
    assert red.returncode == 2
    assert "copy shop" in red.stdout + red.stderr

    third = shop.run("apply", *STAGING)
    assert third.returncode == 0, third.stdout[-4000:] + third.stderr[-2000:]
    assert imported(shop)["wildcard"] == before["wildcard"]
    assert imported(shop)["shop"] == stored(shop, "shop")["reference"] != before["shop"]
    assert {name: stored(shop, name)["chain"] for name in before} == chains  # nothing was ordered

    (shop.folder / ".provisioning" / "out").write_text(told + red.stdout + third.stdout + third.stderr)
    assert shown(shop) == []
