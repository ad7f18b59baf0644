"""What somebody added by hand to what a stack manages, or beside it, is found; so is what nobody looks at."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.infrastructure import QUIET, Engine
from provisioning_assets.backends.infrastructure.cdk.stack import Stack
from tests.support.back_ends import aws_access
from tests.support.cdk_stage import STACK, stage, write_app
from tests.support.ministack import empty_ministack
from tests.support.stages import bring_up

pytestmark = pytest.mark.second

APP = """
import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2, aws_iam as iam, aws_route53 as route53, aws_s3 as s3, aws_sqs as sqs

app = cdk.App()
stack = cdk.Stack(app, "Small")
vpc = ec2.CfnVPC(stack, "Vpc", cidr_block="10.0.0.0/16")
table = ec2.CfnRouteTable(stack, "Table", vpc_id=vpc.ref)
gateway = ec2.CfnInternetGateway(stack, "Gateway")
attached = ec2.CfnVPCGatewayAttachment(stack, "Attached", vpc_id=vpc.ref, internet_gateway_id=gateway.ref)
ec2.CfnRoute(stack, "Out", route_table_id=table.ref, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.ref
    ).add_dependency(attached)
rules = [{"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIp": vpc.cidr_block}]
out = [{"ipProtocol": "-1", "cidrIp": "0.0.0.0/0"}]
group = ec2.CfnSecurityGroup(stack, "Group", group_description="web", vpc_id=vpc.ref, security_group_ingress=rules,
    security_group_egress=out)
role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
    managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("ReadOnlyAccess")])
role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=["*"]))
zone = route53.CfnHostedZone(stack, "Zone", name="shop.example.")
plain = sqs.Queue(stack, "Queue")
told = sqs.Queue(stack, "Told")
told.add_to_resource_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=["*"],
    principals=[iam.AccountRootPrincipal()]))
cdk.CfnOutput(stack, "contract", value=stack.to_json_string(
    {"group": group.ref, "table": table.ref, "gateway": gateway.ref, "role": role.role_name,
    "queue": plain.queue_url, "bucket": s3.CfnBucket(stack, "Bucket").ref}))
app.synth()
"""


@pytest.fixture(scope="module")
def unmanaged(ministack: str, cdk: Engine, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, Any]]:
    """What is found before and after somebody worked in the console; and what that somebody made."""
    folder = tmp_path_factory.mktemp("covered")
    empty_ministack(ministack)
    write_app(folder / "root", APP, {})
    root, account = stage(folder), aws.of(aws_access(ministack))
    bring_up(cdk, root)
    before, plan = cdk.unmanaged(root), cdk.plan(root, QUIET)
    made = by_hand(account, cdk.outputs(root))
    return {"before": before, "after": cdk.unmanaged(root), "made": made, "unseen": plan.unseen}


def by_hand(account: aws.Aws, contract: Mapping[str, str]) -> dict[str, str]:
    """Additions to what the stage manages; their addresses, in part, and what is to be said of them."""
    ec2, iam, sqs = (account.client(name) for name in ("ec2", "iam", "sqs"))
    opened = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=contract["group"], IpPermissions=[opened])
    ec2.create_route(RouteTableId=contract["table"], DestinationCidrBlock="192.0.2.0/24", GatewayId=contract["gateway"])
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    iam.put_role_policy(RoleName=contract["role"], PolicyName="by-hand", PolicyDocument=json.dumps(policy))
    iam.attach_role_policy(RoleName=contract["role"], PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    zone = account.client("route53").create_hosted_zone(Name="shop.example", CallerReference="by hand")
    tags = {"Engagement": "demo_shop", "Environment": "staging", "Stage": "small"}
    sqs.create_queue(QueueName="by-hand", tags=tags)
    sqs.set_queue_attributes(QueueUrl=contract["queue"], Attributes={"Policy": json.dumps(policy)})
    account.client("s3").put_bucket_policy(Bucket=contract["bucket"], Policy=json.dumps(policy))
    return {
        f"of {contract['group']}": "allows tcp 5432 from 0.0.0.0/0",
        f"route 192.0.2.0/24 of {contract['table']}": "",
        f"policy by-hand of role {contract['role']}": "",
        f"policy arn:aws:iam::aws:policy/AdministratorAccess of role {contract['role']}": "",
        zone["HostedZone"]["Id"].removeprefix("/hostedzone/"): "",
        ":by-hand": "",
        f"policy of queue {contract['queue']}": "",
        f"policy of bucket {contract['bucket']}": "",
    }


def test_what_was_applied_is_all_managed(unmanaged: Mapping[str, Mapping[str, Any]]) -> None:
    before = unmanaged["before"]

    assert {why for why in before.values() if why} == set()
    for part in (
        "egress rule",
        "ingress rule",
        "route 0.0.0.0/0",
        "ReadOnlyAccess",
        "RoleDefaultPolicy",
        "policy of queue",
        "zone",
        STACK,
    ):
        assert any(part in thing for thing in before), part


def test_what_was_added_by_hand_is_unmanaged_and_nothing_else(unmanaged: Mapping[str, Mapping[str, Any]]) -> None:
    found = {thing: why for thing, why in unmanaged["after"].items() if why}
    for made, said in unmanaged["made"].items():
        (address,) = (each for each in found if made in each)
        assert said in found.pop(address)

    assert found == {}


def test_what_drift_detection_does_not_look_at_is_named(unmanaged: Mapping[str, Mapping[str, Any]]) -> None:
    """Which types those are is MiniStack's own choice: it looks at the role, at most of it, and at the queue."""
    assert all(unmanaged["unseen"].values())
    assert list(unmanaged["unseen"]) == [
        "Attached (AWS::EC2::VPCGatewayAttachment)",
        "Gateway (AWS::EC2::InternetGateway)",
        "Group (AWS::EC2::SecurityGroup)",
        "Out (AWS::EC2::Route)",
        "Role (AWS::IAM::Role).ManagedPolicyArns",
        "Role/DefaultPolicy (AWS::IAM::Policy)",
        "Table (AWS::EC2::RouteTable)",
        "Told/Policy (AWS::SQS::QueuePolicy)",
        "Vpc (AWS::EC2::VPC)",
        "Zone (AWS::Route53::HostedZone)",
    ]


@pytest.mark.parametrize("status", ["NOT_CHECKED", "UNSUPPORTED", "A_LATER_ONE"])
def test_a_status_that_says_nothing_of_the_resource_is_unseen(
    ministack: str, cdk: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    empty_ministack(ministack)
    write_app(tmp_path / "root")
    root, looked = stage(tmp_path, size="small"), Stack.drifts
    bring_up(cdk, root)
    said = {"StackResourceDriftStatus": status, "DriftStatusReason": "its own words"}
    monkeypatch.setattr(Stack, "drifts", lambda stack: [{**each, **said} for each in looked(stack)])

    plan = cdk.plan(root, QUIET)

    assert (plan.empty, plan.equal) == (True, False)
    assert plan.unseen == {"Size (AWS::SSM::Parameter)": "its own words"}
