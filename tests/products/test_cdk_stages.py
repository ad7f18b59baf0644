"""The example stages of CDK: staging and production from nothing, beside each other in one account."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.infrastructure import QUIET, Engine, StageRoot
from provisioning_assets.backends.infrastructure.cdk.code import CdkCode
from provisioning_assets.backends.store.settings import S3
from provisioning_assets.core.plan import Action, Json, Plan
from tests.support.back_ends import aws_access
from tests.support.ministack import empty_ministack
from tests.support.repository import REPOSITORY

pytestmark = pytest.mark.second

STAGES: Mapping[str, Mapping[str, Json]] = {
    "networking": {"cidr": "10.20.0.0/16", "log_retention_days": 14},
    "datastores": {},
    "compute": {"log_retention_days": 14},
    "endpoints": {"domain": "demo-shop.example"},
}
"""In their order, with the variables that an engagement gives them."""
ENVIRONMENTS = ("staging", "production")


@dataclass(frozen=True)
class Applied:
    """A stage, and what was seen of it before and after its apply."""

    root: StageRoot
    first: Plan
    second: Plan
    outputs: Mapping[str, Json]


def code_of(name: str) -> Path:
    return REPOSITORY / "cdk/stages" / name


@pytest.fixture(scope="module")
def applied(ministack: str, cdk: Engine, tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], Applied]:
    """Each stage of both environments, applied alone."""
    empty_ministack(ministack)
    folder, found = tmp_path_factory.mktemp("stages"), {}
    for environment in ENVIRONMENTS:
        prefix, upstream = f"demo_shop/{environment}", dict[str, Mapping[str, Json]]()
        given = {"engagement": "demo_shop", "environment": environment, "region": "eu-central-1"}
        for name, variables in STAGES.items():
            beside = tuple(STAGES.keys() - {name})
            into, state = folder / environment / name, S3(bucket="holds-no-state-of-cdk")
            root = StageRoot(name, code_of(name), into, prefix, state, {**given, **variables}, dict(upstream), beside)
            cdk.apply(root, first := cdk.plan(root, QUIET), QUIET)
            upstream[name] = cdk.outputs(root)
            found[environment, name] = Applied(root, first, cdk.plan(root, QUIET), upstream[name])
    return found


@pytest.mark.parametrize("name", STAGES)
def test_the_code_of_each_stage_is_in_order(name: str) -> None:
    assert list(CdkCode().validate(code_of(name), STAGES[name], REPOSITORY)) == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("name", STAGES)
def test_each_stage_is_proven(
    cdk: Engine, applied: Mapping[tuple[str, str], Applied], name: str, environment: str
) -> None:
    """All of it is compared, and nothing differs: it can be green on MiniStack."""
    stage = applied[environment, name]

    assert {change.action for change in stage.first.changes} == {Action.CREATE}
    assert (stage.second.changes, stage.second.unseen) == ((), {})
    assert set(cdk.unmanaged(stage.root).values()) == {None}
    assert all(stage.outputs.values())


def test_environments_in_one_account_share_nothing(applied: Mapping[tuple[str, str], Applied]) -> None:
    alike = {
        name: {key for key, value in staging.items() if value == production[key]}
        for name in STAGES
        for staging, production in [tuple(applied[each, name].outputs for each in ENVIRONMENTS)]
    }

    assert alike == {"networking": {"cidr", "subnets"}, "datastores": set(), "compute": set(), "endpoints": {"domain"}}


@pytest.mark.usefixtures("applied")
def test_what_holds_data_outlives_its_stack(ministack: str) -> None:
    formation: Any = aws.of(aws_access(ministack)).client("cloudformation")
    kept = {
        name: {
            each["Type"]
            for each in formation.get_template(StackName=f"demo-shop--staging--{name}")["TemplateBody"][
                "Resources"
            ].values()
            if each.get("DeletionPolicy") == "Retain"
        }
        for name in ("datastores", "endpoints")
    }

    assert kept == {"datastores": {"AWS::S3::Bucket", "AWS::DynamoDB::Table"}, "endpoints": {"AWS::S3::Bucket"}}


@pytest.mark.parametrize(
    ("name", "asked", "unseen"),
    [
        ("networking", "vpc", "Vpc (AWS::EC2::VPC)"),
        ("endpoints", "zone", "Zone (AWS::Route53::HostedZone)"),
    ],
)
def test_what_is_asked_for_and_not_compared_is_named(  # last: it changes the stage
    cdk: Engine, applied: Mapping[tuple[str, str], Applied], name: str, asked: str, unseen: str
) -> None:
    staging = applied["staging", name].root
    root = replace(staging, variables={**staging.variables, asked: True})
    cdk.apply(root, cdk.plan(root, QUIET), QUIET)

    assert list(cdk.plan(root, QUIET).unseen) == [unseen]
    assert f"{asked}_id" in cdk.outputs(root)
