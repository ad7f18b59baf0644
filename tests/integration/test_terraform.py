"""Terraform as an engine, where it could go wrong: drift, failures, deaths, secrets. State and cloud are moto's."""

import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from provisioning_assets.backends.infrastructure.registry import BACK_ENDS

from provisioning_assets.backends.aws import client
from provisioning_assets.backends.infrastructure import Infrastructure, StageRoot
from provisioning_assets.backends.store.s3 import S3Store
from provisioning_assets.core.plan import Action
from provisioning_assets.errors import ApplyFailed, ProviderFailed, Unreachable
from tests.support.servers import emulated_aws, free_port
from tests.support.terraform_stage import BUCKET, REGION, ROOT, bring_up, stage

STAGES = Path(__file__).parents[2] / "terraform/stages"
POLICY = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
})  # fmt: skip
CANARY = "canary-5f0c9d1e"


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with emulated_aws() as address:
        S3Store(BUCKET, REGION).prepare()
        yield address


@pytest.fixture
def engine() -> Infrastructure:
    return BACK_ENDS["terraform"]()


def test_drift_is_planned_by_name_and_what_was_added_by_hand_is_unmanaged(
    aws: str, engine: Infrastructure, tmp_path: Path
) -> None:
    state = {"bucket": BUCKET, "key": "networking.tfstate", "region": REGION}
    variables = {"engagement": "shop", "environment": "staging", "region": REGION, "cidr": "10.4.0.0/16"}
    networking = StageRoot("networking", STAGES / "networking", tmp_path / "work", state, variables, {})
    bring_up(engine, networking)
    assert engine.plan(networking, print).empty
    assert set(engine.unmanaged(networking).values()) == {None}
    contract: Any = engine.contract(networking)

    ec2: Any = boto3.client("ec2", region_name=REGION)
    group = contract["service_group"]
    filters = [{"Name": "group-id", "Values": [group]}]
    (rule,) = (r for r in ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"] if not r["IsEgress"])
    changed = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "ReferencedGroupId": rule["ReferencedGroupInfo"]["GroupId"],
    }
    ec2.modify_security_group_rules(
        GroupId=group,
        SecurityGroupRules=[{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": changed}],
    )
    ec2.create_tags(Resources=[contract["vpc_id"]], Tags=[{"Key": "Environment", "Value": "production"}])
    opened = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[opened])
    of_network = [{"Name": "vpc-id", "Values": [contract["vpc_id"]]}, {"Name": "group-name", "Values": ["default"]}]
    (default,) = ec2.describe_security_groups(Filters=of_network)["SecurityGroups"]
    ec2.authorize_security_group_ingress(GroupId=default["GroupId"], IpPermissions=[opened])
    tags = {"Engagement": "shop", "Environment": "staging", "Stage": "networking"}
    tagged = {"ResourceType": "internet-gateway", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    orphan = ec2.create_internet_gateway(TagSpecifications=[tagged])["InternetGateway"]["InternetGatewayId"]
    ec2.create_route(
        RouteTableId=(table := public_table(ec2, contract["vpc_id"])),
        DestinationCidrBlock="192.0.2.0/24",
        GatewayId=gateway(ec2, contract["vpc_id"]),
    )
    iam: Any = boto3.client("iam", region_name=REGION)
    iam.put_role_policy(RoleName="shop-staging-service", PolicyName="by-hand", PolicyDocument=POLICY)

    plan = engine.plan(networking, print)
    drift = {change.address: change for change in plan.changes}
    assert {"from_port", "to_port"} <= set(
        drift["module.network.aws_vpc_security_group_ingress_rule.service"].attributes
    )
    assert "tags_all" in drift["module.network.aws_vpc.this"].attributes
    assert "ingress" in drift["module.network.aws_default_security_group.this"].attributes
    assert "policy_names" in drift["module.service_role.aws_iam_role_policies_exclusive.this"].attributes
    assert {change.action for change in plan.changes} == {Action.UPDATE}

    found = {thing: reason for thing, reason in engine.unmanaged(networking).items() if reason}
    (opening,) = (thing for thing in found if thing.startswith("aws_vpc_security_group_ingress_rule sgr-"))
    assert "allows tcp 5432 from 0.0.0.0/0" in found.pop(opening)
    (left,) = (thing for thing in found if thing.endswith(orphan))
    assert f'id = "{orphan}"' in found.pop(left)
    assert found.keys() == {f"aws_route 192.0.2.0/24 of {table}", "aws_iam_role_policy by-hand of shop-staging-service"}

    engine.apply(networking, plan, print)
    assert engine.plan(networking, print).empty


def public_table(ec2: Any, vpc: str) -> str:
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    return str(next(table["RouteTableId"] for table in tables if table["Tags"]))


def gateway(ec2: Any, vpc: str) -> str:
    found = ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])
    return str(found["InternetGateways"][0]["InternetGatewayId"])


def test_a_failed_apply_says_what_terraform_says_with_the_line_of_source(
    aws: str, engine: Infrastructure, tmp_path: Path
) -> None:
    root = stage(tmp_path, command="echo no route to the quarry; exit 3")
    plan = engine.plan(root, print)

    with pytest.raises(ApplyFailed) as failure:
        engine.apply(root, plan, print)

    line = 1 + ROOT.splitlines().index('  provisioner "local-exec" {')
    assert failure.value.where.endswith(f"root/main.tf:{line}")
    for words in ("terraform_data.job", "no route to the quarry", 'provisioner "local-exec" {'):
        assert words in failure.value.cause


def test_an_output_alone_is_a_change(aws: str, engine: Infrastructure, tmp_path: Path) -> None:
    bring_up(engine, stage(tmp_path, note="first"))
    assert [str(c) for c in engine.plan(stage(tmp_path, note="second"), print).changes] == [
        "update output.contract (value)"
    ]


def test_init_runs_again_only_for_another_backend_or_code(aws: str, engine: Infrastructure, tmp_path: Path) -> None:
    root = stage(tmp_path)
    assert any("terraform init" in line for line in bring_up(engine, root))
    lines: list[str] = []
    engine.plan(root, lines.append)
    assert not any("terraform init" in line for line in lines)
    (root.root / "more.tf").write_text('module "more" {\n  source = "./more"\n}\n')
    (root.root / "more").mkdir()
    (root.root / "more/main.tf").write_text('resource "terraform_data" "more" {}\n')
    assert not engine.plan(root, lines.append).empty
    assert any("terraform init" in line for line in lines)


def test_no_secret_stays_in_a_file(aws: str, engine: Infrastructure, tmp_path: Path) -> None:
    root = stage(tmp_path, password=CANARY, command="false")
    plan = engine.plan(root, print)
    file = root.workdir / "plan.tfplan"
    assert file.stat().st_mode & 0o777 == 0o600
    assert CANARY not in repr(plan) + str([change.as_json() for change in plan.changes])
    with pytest.raises(ApplyFailed) as failure:
        engine.apply(root, plan, print)
    assert CANARY not in str(failure.value)
    assert not holding(CANARY, tmp_path)

    engine.plan(root, print)
    assert holding(CANARY, tmp_path) == [file]
    del engine


def test_a_plan_that_nobody_applies_goes_with_its_engine(aws: str, tmp_path: Path) -> None:
    root = stage(tmp_path, password=CANARY)
    passing = BACK_ENDS["terraform"]()
    passing.plan(root, print)
    assert holding(CANARY, tmp_path)

    del passing

    assert not holding(CANARY, tmp_path)


def holding(text: str, folder: Path) -> list[Path]:
    """Files that hold the text, packed ones included."""
    found = []
    for file in (each for each in folder.rglob("*") if each.is_file()):
        content = file.read_bytes()
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                content += b"".join(packed.read(name) for name in packed.namelist())
        if text.encode() in content:
            found.append(file)
    return found


def test_a_variable_that_the_root_lacks_is_refused(aws: str, engine: Infrastructure, tmp_path: Path) -> None:
    with pytest.raises(ProviderFailed) as failure:
        engine.plan(stage(tmp_path, comand="true"), print)
    assert "`comand`" in failure.value.what
    assert "`command`" in failure.value.remedy


def test_a_bucket_that_is_missing_is_named(aws: str, engine: Infrastructure, tmp_path: Path) -> None:
    state = {"bucket": "not-there", "key": "a.tfstate", "region": REGION}
    with pytest.raises(ProviderFailed, match=r"bucket not-there .* does not exist"):
        engine.plan(StageRoot("small", tmp_path, tmp_path / "work", state, {}, {}), print)


def test_a_cloud_that_does_not_answer_is_named_within_five_seconds(
    engine: Infrastructure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    client.cache_clear()
    began = time.monotonic()
    with pytest.raises(Unreachable, match=address):
        engine.plan(stage(tmp_path), print)
    assert time.monotonic() - began < 5
    client.cache_clear()


def test_a_missing_terraform_is_said_with_the_remedy(
    aws: str, engine: Infrastructure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProviderFailed, match="no `terraform` on the PATH") as failure:
        engine.plan(stage(tmp_path), print)
    assert "install" in failure.value.remedy
