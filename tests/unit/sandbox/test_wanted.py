"""What a sandbox is started for: the members that stand for an engagement's products, and no others."""

from pathlib import Path

import pytest

from provisioning_assets.backends import catalogue
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.sandbox import lifecycle
from provisioning_assets.sandbox.members import SERVERS, members_of
from provisioning_assets.sandbox.processes import Folder
from provisioning_assets.sandbox.setup import DEMO, Setup, Wanted

CDK = Wanted(frozenset({"cdk", "rfc2136", "openbao_pki", "secretsmanager", "flagd", "prometheus", "postgresql"}))


def test_the_demo_needs_no_server_of_another_product() -> None:
    assert members_of(DEMO) == ("aws", "openbao", "dns", "resolver", "edge", "alarms", "prober")


def test_another_engagement_has_no_member_that_only_the_demo_needs() -> None:
    names = members_of(CDK)
    assert {"aws", "openbao", "dns", "resolver", "postgresql", "edge", "prometheus", "alertmanager"} <= set(names)
    assert not {"alarms", "prober"} & set(names)


def test_every_product_of_a_member_is_one_of_the_catalogue() -> None:
    known = {product.name for kind in Kind for product in catalogue.of_kind(kind)}
    assert frozenset().union(*(server.products for server in SERVERS.values())) <= known


def test_a_product_without_a_server_is_refused_by_its_name() -> None:
    with pytest.raises(ProvisioningError) as refused:
        members_of(Wanted(DEMO.products | {"powerdns"}))
    assert "powerdns" in refused.value.what
    assert refused.value.remedy


def test_a_cloud_for_cdk_is_named_as_another_emulation(tmp_path: Path) -> None:
    ports = dict.fromkeys(SERVERS, 1)
    told = [SERVERS["aws"].profile(Setup(Folder(tmp_path), ports, wanted, print)) for wanted in (DEMO, CDK)]
    assert [each["PROVISIONING_EMULATION"] for each in told] == ["sandbox", "ministack"]


def test_a_profile_is_called_as_its_sandbox(tmp_path: Path) -> None:
    assert lifecycle.profile_file(tmp_path / "sandbox-cdk") == tmp_path / "profiles" / "sandbox-cdk.env"
