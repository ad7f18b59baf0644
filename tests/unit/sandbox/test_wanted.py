"""What a sandbox is started for: the members that stand for an engagement's products, and no others."""

import json
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


def test_a_sandbox_of_other_products_is_not_taken_for_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Members of one name are different programs: `aws` is moto for one engagement, and MiniStack for another."""
    home = tmp_path / "sandbox"
    home.mkdir()
    folder = Folder(home)
    lifecycle._require_the_same(folder, DEMO)
    folder.write("ports.json", json.dumps(dict.fromkeys(members_of(DEMO), 1)))
    other = Wanted(DEMO.products - {"ssm"} | {"appconfig"})
    assert members_of(other) == members_of(DEMO)
    monkeypatch.setattr(lifecycle.processes, "running", lambda *_: object())
    monkeypatch.setattr(lifecycle.processes, "state_of", lambda *_: ("running", 1))
    lifecycle._require_the_same(folder, DEMO)
    with pytest.raises(ProvisioningError):
        lifecycle._require_the_same(folder, other)
    assert {member.state for member in lifecycle.status(home, DEMO)} == {"running"}
    assert {member.state for member in lifecycle.status(home, other)} == {"stopped"}


def test_a_profile_that_a_person_wrote_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "sandbox-eu"
    home.mkdir()
    file = lifecycle.profile_file(home)
    file.parent.mkdir()
    file.write_text("AWS_PROFILE=eu\n")
    names = members_of(DEMO)
    with pytest.raises(ProvisioningError) as refused:
        lifecycle._write_profile(home, Setup(Folder(home), dict.fromkeys(names, 1), DEMO, print), names)
    assert refused.value.where == str(file)
    assert file.read_text() == "AWS_PROFILE=eu\n"
