"""What only CDK and CloudFormation can do wrong: change sets, drift, rollbacks, and who works on the stack."""

import gc
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.infrastructure import QUIET, Engine, Listener
from provisioning_assets.backends.infrastructure.cdk import change_sets
from provisioning_assets.backends.infrastructure.cdk import engine as cdk_engine
from provisioning_assets.backends.infrastructure.cdk.stack import _BROKEN, Stack
from provisioning_assets.core.plan import Action
from provisioning_assets.errors import ApplyFailed, ProviderFailed, Unreachable
from tests.support.back_ends import aws_access
from tests.support.cdk_stage import STACK, cdk, stage, status, there, waiting, write_app
from tests.support.http_servers import answering_always
from tests.support.ministack import empty_ministack
from tests.support.servers import free_port
from tests.support.stages import bring_up, planned
from tests.support.waiting import wait_until

pytestmark = pytest.mark.second

SIZE = "Size (AWS::SSM::Parameter)"


@pytest.fixture
def engine(ministack: str, cdk: Engine, tmp_path: Path) -> Engine:
    """CDK, with an app in the test's folder."""
    empty_ministack(ministack)
    write_app(tmp_path / "root")
    return cdk


@pytest.fixture
def account(ministack: str) -> aws.Aws:
    """Somebody with the same rights."""
    return aws.of(aws_access(ministack))


@pytest.fixture
def formation(account: aws.Aws) -> Any:
    return account.client("cloudformation")


def parameter(account: aws.Aws) -> str:
    """The parameter of the small app."""
    found = account.client("cloudformation").list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    return str(found[0]["PhysicalResourceId"])


def test_what_was_changed_by_hand_is_planned_and_not_called_done(
    engine: Engine, account: aws.Aws, tmp_path: Path
) -> None:
    bring_up(engine, root := stage(tmp_path, size="small"))
    ssm = account.client("ssm")
    ssm.put_parameter(Name=parameter(account), Value="by hand", Overwrite=True)

    (change,) = (plan := engine.plan(root, QUIET)).changes
    assert (change.action, change.address, change.attributes) == (Action.UPDATE, SIZE, ("Value",))
    with pytest.raises(ApplyFailed) as failure:
        engine.apply(root, plan, QUIET)
    assert failure.value.where == SIZE

    ssm.put_parameter(Name=parameter(account), Value="small", Overwrite=True)
    assert engine.plan(root, QUIET).empty


def test_what_was_deleted_by_hand_is_missing(engine: Engine, account: aws.Aws, tmp_path: Path) -> None:
    bring_up(engine, stage(tmp_path, size="small"))
    account.client("ssm").delete_parameter(Name=parameter(account))

    assert planned(engine, stage(tmp_path, size="small")) == [f"create {SIZE}"]


def test_a_set_that_somebody_overtook_is_not_carried_out(engine: Engine, formation: Any, tmp_path: Path) -> None:
    bring_up(engine, stage(tmp_path, size="small"))
    plan = engine.plan(stage(tmp_path, size="large"), QUIET)
    template = formation.get_template(StackName=STACK)["TemplateBody"]
    (resource,) = template["Resources"].values()
    resource["Properties"]["Value"] = "somebody's"
    formation.update_stack(StackName=STACK, TemplateBody=json.dumps(template))
    wait_until(lambda: status(formation) == "UPDATE_COMPLETE")

    with pytest.raises(ProviderFailed) as failure:
        engine.apply(stage(tmp_path, size="large"), plan, QUIET)

    assert not isinstance(failure.value, ApplyFailed)
    assert planned(engine, stage(tmp_path, size="small")) == [f"update {SIZE} (Value)"]


def test_a_plan_that_nobody_wants_leaves_nothing(
    ministack: str, engine: Engine, formation: Any, tmp_path: Path
) -> None:
    another = cdk(aws_access(ministack))
    another.plan(stage(tmp_path, size="small"), QUIET)
    assert waiting(formation)

    del another
    gc.collect()

    wait_until(lambda: not there(formation))


def test_an_empty_plan_leaves_no_set(engine: Engine, formation: Any, tmp_path: Path) -> None:
    bring_up(engine, stage(tmp_path, size="small"))

    assert engine.plan(stage(tmp_path, size="small"), QUIET).empty
    assert waiting(formation) == []


def test_sets_of_killed_runs_are_swept_and_others_are_not(
    ministack: str, engine: Engine, formation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_sets, "ABANDONED", timedelta(0))
    bring_up(engine, stage(tmp_path, size="small"))
    killed = cdk(aws_access(ministack))
    killed.plan(stage(tmp_path, size="large"), QUIET)
    body = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
    other = formation.create_change_set(StackName=STACK, ChangeSetName="a-persons", TemplateBody=body)["Id"]

    assert engine.plan(stage(tmp_path, size="small"), QUIET).empty

    assert waiting(formation) == [other]


def test_a_create_that_failed_says_why_and_is_made_anew(engine: Engine, account: aws.Aws, tmp_path: Path) -> None:
    root, formation = stage(tmp_path, size="taken-already"), account.client("cloudformation")
    write_app(root.root, BUCKET)
    region = {"LocationConstraint": "eu-central-1"}
    account.client("s3").create_bucket(Bucket="taken-already", CreateBucketConfiguration=region)
    plan = engine.plan(root, QUIET)

    with pytest.raises(ApplyFailed) as failure:
        engine.apply(root, plan, QUIET)

    assert "already exists" in failure.value.cause
    assert failure.value.where.startswith("Kept (AWS::S3::Bucket)")
    assert status(formation) == "ROLLBACK_COMPLETE"
    failed = formation.describe_stacks(StackName=STACK)["Stacks"][0]["StackId"]
    assert engine.state_id(root) is None
    assert engine.unmanaged(root) == {}
    free = stage(tmp_path, size="not-taken-yet")
    bring_up(engine, free)
    assert engine.state_id(free) not in {None, failed}
    assert engine.plan(free, QUIET).empty


BUCKET = """
import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

app = cdk.App()
stack = cdk.Stack(app, "Small")
bucket = s3.Bucket(stack, "Kept", bucket_name=app.node.get_context("size"))
cdk.CfnOutput(stack, "contract", value=stack.to_json_string({"bucket": bucket.bucket_name}))
app.synth()
"""


def test_what_holds_data_is_not_replaced_unnoticed(engine: Engine, tmp_path: Path) -> None:
    write_app(tmp_path / "root", BUCKET)
    bring_up(engine, stage(tmp_path, size="a-first-bucket"))

    (change,) = engine.plan(stage(tmp_path, size="a-second-bucket"), QUIET).changes

    assert (change.action, change.stateful) == (Action.REPLACE, True)
    assert change.address == "Kept (AWS::S3::Bucket)"


def test_an_update_that_failed_is_taken_back(engine: Engine, formation: Any, tmp_path: Path) -> None:
    bring_up(engine, stage(tmp_path, size="small"))
    broken = stage(tmp_path, size="broken")
    plan = engine.plan(broken, QUIET)

    with pytest.raises(ApplyFailed) as failure:
        engine.apply(broken, plan, QUIET)

    assert failure.value.where == "Signal (AWS::CloudFormation::WaitCondition)"
    assert status(formation) == "UPDATE_ROLLBACK_COMPLETE"
    assert engine.outputs(broken) == {"size": "small"}
    assert engine.plan(stage(tmp_path, size="small"), QUIET).empty


def test_an_app_is_synthesized_once_for_the_same_files_and_variables(ministack: str, tmp_path: Path) -> None:
    empty_ministack(ministack)
    write_app(tmp_path / "root")
    engine, lines = cdk(aws_access(ministack)), list[str]()
    listener = Listener(lines.append)

    def times() -> int:
        for _ in range(2):
            engine.plan(stage(tmp_path, size="small"), listener)
        return sum("synthesizing" in line for line in lines)

    assert times() == 1
    (tmp_path / "root/note.txt").write_text("another file")
    assert times() == 2


@pytest.mark.parametrize("broken", sorted(_BROKEN))
def test_a_stack_that_cannot_go_on_is_told(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    found = {"StackStatus": broken, "StackId": "arn:its-id"}
    failed = {"LogicalResourceId": "Q", "ResourceStatus": "CREATE_FAILED"}
    monkeypatch.setattr(Stack, "described", lambda *_: found)
    monkeypatch.setattr(Stack, "events", lambda _: iter([failed]))

    with pytest.raises(ProviderFailed) as failure:
        engine.plan(stage(tmp_path, size="small"), QUIET)

    assert failure.value.where == "arn:its-id"
    assert failure.value.remedy


def test_a_template_that_is_too_large_is_refused(
    engine: Engine, formation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cdk_engine, "_LARGEST", 10)

    with pytest.raises(ProviderFailed):
        engine.plan(stage(tmp_path, size="small"), QUIET)

    assert not there(formation)


@pytest.mark.parametrize("value", ['"no JSON"', 'stack.to_json_string(["a", "list"])'])
def test_a_contract_is_a_json_object(engine: Engine, tmp_path: Path, value: str) -> None:
    app = (tmp_path / "root/app.py").read_text().replace('stack.to_json_string({"size": size})', value)
    (tmp_path / "root/app.py").write_text(app)
    bring_up(engine, stage(tmp_path, size="small"))

    with pytest.raises(ProviderFailed) as failure:
        engine.outputs(stage(tmp_path, size="small"))

    assert failure.value.where == f"stack {STACK}"


def test_a_variable_that_the_app_does_not_take_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ProviderFailed) as failure:
        engine.plan(stage(tmp_path, sise="small"), QUIET)

    assert failure.value.where.endswith("cdk.json")


def test_what_cloudformation_refuses_leaves_nothing(engine: Engine, formation: Any, tmp_path: Path) -> None:
    app = 'cdk.CfnResource(stack, "Odd", type="AWS::Nobody::Knows")\napp.synth()'
    (tmp_path / "root/app.py").write_text((tmp_path / "root/app.py").read_text().replace("app.synth()", app))

    with pytest.raises(ProviderFailed) as failure:
        engine.plan(stage(tmp_path, size="small"), QUIET)

    assert "AWS::Nobody::Knows" in failure.value.cause
    assert failure.value.remedy
    assert not there(formation)


def test_what_cloudformation_could_not_look_at_is_no_empty_plan(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_up(engine, stage(tmp_path, size="small"))
    looked = Stack.drifts

    def unknown(stack: Stack) -> list[dict[str, Any]]:
        return [{**each, "StackResourceDriftStatus": "UNKNOWN"} for each in looked(stack)]

    monkeypatch.setattr(Stack, "drifts", unknown)

    with pytest.raises(ProviderFailed) as failure:
        engine.plan(stage(tmp_path, size="small"), QUIET)

    assert failure.value.where == SIZE


@pytest.mark.parametrize("answer", ["nonsense", "<html><body>maintenance</body></html>", ""])
def test_a_server_that_talks_nonsense_is_named(ministack: str, tmp_path: Path, answer: str) -> None:
    write_app(tmp_path / "root")
    with answering_always(200, answer) as address:
        engine = cdk(aws_access(ministack, AWS_ENDPOINT_URL_CLOUDFORMATION=address))

        for ask in (lambda root: engine.plan(root, QUIET), engine.outputs, engine.state_id, engine.unmanaged):
            with pytest.raises(ProviderFailed) as failure:
                ask(stage(tmp_path, size="small"))
            assert failure.value.where


def test_a_cloudformation_that_is_away_is_named(ministack: str, tmp_path: Path) -> None:
    write_app(tmp_path / "root")
    away = f"http://127.0.0.1:{free_port()}"
    engine = cdk(aws_access(ministack, AWS_ENDPOINT_URL_CLOUDFORMATION=away))

    with pytest.raises(Unreachable) as failure:
        engine.plan(stage(tmp_path, size="small"), QUIET)

    assert failure.value.address == away
