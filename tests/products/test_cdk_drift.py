"""What drift detection leaves out of a resource that it looks at: each property by its name."""

import json
from pathlib import Path

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.infrastructure import QUIET, Engine
from provisioning_assets.backends.infrastructure.cdk import drift
from provisioning_assets.backends.infrastructure.cdk.stack import Stack, Told
from tests.support.back_ends import aws_access
from tests.support.cdk_stage import stage, write_app
from tests.support.http_servers import answering_always
from tests.support.ministack import empty_ministack
from tests.support.stages import bring_up

pytestmark = pytest.mark.second

APP = """
import aws_cdk as cdk

app = cdk.App()
stack = cdk.Stack(app, "Small")
queue = {"DelaySeconds": 5, "SqsManagedSseEnabled": True, "KmsMasterKeyId": cdk.Aws.NO_VALUE}
cdk.CfnResource(stack, "Queue", type="AWS::SQS::Queue", properties=queue)
cdk.CfnResource(stack, "Stream", type="AWS::Kinesis::Stream", properties={"ShardCount": 1})
app.synth()
"""


@pytest.fixture
def engine(ministack: str, cdk: Engine, tmp_path: Path) -> Engine:
    """CDK, with the app applied."""
    empty_ministack(ministack)
    write_app(tmp_path / "root", APP, {})
    bring_up(cdk, stage(tmp_path))
    return cdk


def test_a_property_that_is_left_out_is_unseen(engine: Engine, tmp_path: Path) -> None:
    plan = engine.plan(stage(tmp_path), QUIET)

    assert (plan.empty, plan.equal) == (True, False)
    assert list(plan.unseen) == [
        "Queue (AWS::SQS::Queue).SqsManagedSseEnabled",
        "Stream (AWS::Kinesis::Stream).ShardCount",
    ]
    assert all(plan.unseen.values())


def test_what_nobody_can_read_back_is_passed_over(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stack, "write_only", lambda _, kind: {"ShardCount"} if "Kinesis" in kind else set())

    assert list(engine.plan(stage(tmp_path), QUIET).unseen) == ["Queue (AWS::SQS::Queue).SqsManagedSseEnabled"]


def test_what_is_listed_is_asked_for_once(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed, asked = Stack.resources, list[str]()

    def counted(stack: Stack) -> list[Told]:
        asked.append(stack.name)
        return listed(stack)

    monkeypatch.setattr(Stack, "resources", counted)

    assert engine.plan(stage(tmp_path), QUIET).existing == 2
    assert len(asked) == 1


def left_out(told: dict[str, object], expected: object, write_only: set[str]) -> set[str]:
    """What is unseen of one resource, of which CloudFormation says that it compared this."""
    looked = {"LogicalResourceId": "X", "ResourceType": "AWS::A::B", "StackResourceDriftStatus": "IN_SYNC"}
    answer = looked if expected is None else {**looked, "ExpectedProperties": json.dumps(expected)}

    class Answering(Stack):
        def __init__(self) -> None: ...

        def drifts(self) -> list[Told]:
            return [answer]

        def write_only(self, kind: str) -> set[str]:
            return write_only

    template = {"Resources": {"X": {"Type": "AWS::A::B", "Properties": told}}}
    _, unseen = drift.found(Answering(), [looked], template)
    return {name.removeprefix("X (AWS::A::B).") for name in unseen}


@pytest.mark.parametrize(
    ("told", "expected", "write_only", "unseen"),
    [
        ({"A": 1}, {"A": 2}, set(), set()),
        ({"A": 1, "B": 2}, {"A": 1}, set(), {"B"}),
        ({"A": 1}, {}, set(), {"A"}),
        ({"A": 1}, None, set(), {"A"}),
        ({"A": 1}, ["nonsense"], set(), {"A"}),
        ({"A": {"B": 1, "C": 2}}, {"A": {"B": 1}}, set(), {"A.C"}),
        ({"A": {"Ref": "Other"}}, {"A": "other"}, set(), set()),
        ({"A": {"Ref": "Other"}}, {}, set(), {"A"}),
        ({"A": {"B": 1}}, {"A": "as a text"}, set(), set()),
        ({"Password": 1, "B": 2}, {}, {"Password"}, {"B"}),
        ({"A": {"Password": 1, "C": 2}}, {"A": {}}, {"A.Password"}, {"A.C"}),
        ({"A": {"Password": 1, "C": 2}}, {}, {"A.Password"}, {"A"}),
        ({"Code": {"S3Key": 1}}, {}, {"Code"}, {"Code"}),
    ],
)
def test_what_was_compared_is_what_cloudformation_gives_back(
    told: dict[str, object], expected: object, write_only: set[str], unseen: set[str]
) -> None:
    assert left_out(told, expected, write_only) == unseen


def test_a_type_says_what_is_write_only(tmp_path: Path) -> None:
    schema = json.dumps({"writeOnlyProperties": ["/properties/MasterUserPassword", "/properties/Code/ImageUri"]})
    answer = f"<R><DescribeTypeResult><Schema>{schema}</Schema></DescribeTypeResult></R>"
    with answering_always(200, answer) as address:
        stack = Stack(stage(tmp_path), aws.of(aws_access(address)))

        assert stack.write_only("AWS::RDS::DBInstance") == {"MasterUserPassword", "Code.ImageUri"}


def test_a_type_that_cannot_be_asked_has_nothing_write_only(ministack: str, tmp_path: Path) -> None:
    assert Stack(stage(tmp_path), aws.of(aws_access(ministack))).write_only("AWS::SQS::Queue") == set()
