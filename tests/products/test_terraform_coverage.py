"""Coverage on the real code of a stage: what drifted, and what somebody added by hand. State and cloud are moto's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.infrastructure import QUIET, StageRoot
from provisioning_assets.backends.store.settings import S3
from provisioning_assets.core.plan import Action, Plan
from tests.support.back_ends import REGION, aws_access
from tests.support.repository import REPOSITORY
from tests.support.stages import bring_up
from tests.support.terraform_stage import BUCKET, bucket_at, terraform

pytestmark = pytest.mark.slow

STAGES = REPOSITORY / "terraform/stages"
OURS = {"engagement": "shop", "environment": "staging", "region": REGION}
POLICY = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
})  # fmt: skip
OPENED = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


@dataclass(frozen=True)
class Seen:
    """The stage `networking`, as it was seen after each step."""

    applied: Plan
    managed: Mapping[str, str | None]
    drifted: Plan
    unmanaged: Mapping[str, str]
    """What is live and not managed, after somebody worked in the console."""
    expected: Mapping[str, str]
    """What that somebody made: address, or its end, to what is said of it."""
    mended: Plan


@pytest.fixture(scope="module")
def seen(moto: str, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    account = aws.of(access := aws_access(moto))
    engine, work = terraform(access), tmp_path_factory.mktemp("work")
    bucket_at(moto)
    variables = {**OURS, "cidr": "10.4.0.0/16"}
    state = S3(bucket=BUCKET)
    stage = StageRoot("networking", STAGES / "networking", work, "shop/staging", state, variables, {})
    bring_up(engine, stage)
    applied, managed = engine.plan(stage, QUIET), engine.unmanaged(stage)

    expected = change_by_hand(account, engine.outputs(stage))

    drifted = engine.plan(stage, QUIET)
    unmanaged = {thing: reason for thing, reason in engine.unmanaged(stage).items() if reason}
    engine.apply(stage, drifted, QUIET)
    return Seen(applied, managed, drifted, unmanaged, expected, engine.plan(stage, QUIET))


def change_by_hand(account: aws.Aws, contract: Mapping[str, Any]) -> dict[str, str]:
    """Changes to what the stage manages, and additions; what is to be said of these."""
    ec2, iam = account.client("ec2"), account.client("iam")
    group, vpc = contract["service_group"], contract["vpc_id"]
    open_a_port(ec2, group)
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Environment", "Value": "production"}])
    of_network = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    (default,) = ec2.describe_security_groups(Filters=of_network)["SecurityGroups"]
    ec2.authorize_security_group_ingress(GroupId=default["GroupId"], IpPermissions=[OPENED])
    iam.put_role_policy(RoleName="shop-staging-service", PolicyName="by-hand", PolicyDocument=POLICY)

    (rule,) = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[OPENED])["SecurityGroupRules"]
    tags = {"Engagement": "shop", "Environment": "staging", "Stage": "networking"}
    tagged = {"ResourceType": "internet-gateway", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    orphan = ec2.create_internet_gateway(TagSpecifications=[tagged])["InternetGateway"]["InternetGatewayId"]
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    table = next(each["RouteTableId"] for each in tables if each["Tags"])
    attached = ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])
    gateway = attached["InternetGateways"][0]["InternetGatewayId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="192.0.2.0/24", GatewayId=gateway)
    return {
        rule["SecurityGroupRuleId"]: "allows tcp 5432 from 0.0.0.0/0",
        orphan: f'id = "{orphan}"',
        f"aws_route 192.0.2.0/24 of {table}": f'id = "{table}_192.0.2.0/24"',
        "aws_iam_role_policy by-hand of shop-staging-service": 'id = "shop-staging-service:by-hand"',
    }


def open_a_port(ec2: Any, group: str) -> None:
    """Change the rule of a security group that the stage made."""
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    (rule,) = (each for each in rules if not each["IsEgress"])
    peer = {"ReferencedGroupId": rule["ReferencedGroupInfo"]["GroupId"]}
    changed = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, **peer}
    ec2.modify_security_group_rules(
        GroupId=group,
        SecurityGroupRules=[{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": changed}],
    )


def test_what_was_applied_is_all_managed(seen: Seen) -> None:
    assert seen.applied.empty
    assert seen.managed
    assert set(seen.managed.values()) == {None}


def test_drift_is_planned_by_the_names_of_attributes(seen: Seen) -> None:
    drift = {change.address: set(change.attributes) for change in seen.drifted.changes}

    assert drift["module.network.aws_vpc_security_group_ingress_rule.service"] >= {"from_port", "to_port"}
    assert "tags_all" in drift["module.network.aws_vpc.this"]
    assert "ingress" in drift["module.network.aws_default_security_group.this"]
    assert "policy_names" in drift["module.service_role.aws_iam_role_policies_exclusive.this"]
    assert {change.action for change in seen.drifted.changes} == {Action.UPDATE}


def test_what_was_added_by_hand_is_unmanaged_and_nothing_else(seen: Seen) -> None:
    found = dict(seen.unmanaged)
    for made, said in seen.expected.items():
        (address,) = (each for each in found if made in each)
        assert said in found.pop(address)

    assert found == {}


def test_an_apply_brings_back_what_drifted(seen: Seen) -> None:
    assert seen.mended.empty


def test_a_rule_that_a_later_stage_adds_is_managed(moto: str, tmp_path: Path) -> None:
    """The load balancer's port 80 is opened by the stage `endpoints`, in a security group of the stage `networking`."""
    engine, state = terraform(aws_access(moto)), S3(bucket=BUCKET)
    bucket_at(moto)
    ours = {**OURS, "environment": "edge"}
    variables = {**ours, "cidr": "10.5.0.0/16"}
    first = StageRoot("networking", STAGES / "networking", tmp_path / "1", "shop/edge", state, variables, {})
    bring_up(engine, first)
    beside = replace(first, beside=("endpoints",))
    assert set(engine.unmanaged(beside).values()) == {None}, "the other stage was not applied yet"

    variables = {**ours, "domain": "edge.example", "enable_load_balancer": True}
    upstream = {"networking": engine.outputs(first)}
    second = StageRoot("endpoints", STAGES / "endpoints", tmp_path / "2", "shop/edge", state, variables, upstream)
    bring_up(engine, second)

    (reason,) = (reason for reason in engine.unmanaged(first).values() if reason)
    assert "tcp 80" in reason
    assert set(engine.unmanaged(beside).values()) == {None}
    assert set(engine.unmanaged(replace(second, beside=("networking",))).values()) == {None}
