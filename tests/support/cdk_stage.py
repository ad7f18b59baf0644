"""A small stage of CDK: its app, and the stack that it becomes."""

import json
import time
from pathlib import Path
from typing import Any

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import Engine, StageRoot
from provisioning_assets.backends.store.settings import S3
from provisioning_assets.core.kinds import Kind
from tests.support.back_ends import opened

PREFIX = "demo_shop/staging"
STACK = "demo-shop--staging--small"
PINS = "aws-cdk-lib==2.275.0\n"

# A parameter holds the size. `broken` waits for a signal that never comes, and so fails.
APP = """
import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm

app = cdk.App()
stack = cdk.Stack(app, "Small")
size = app.node.get_context("size")
kept = ssm.StringParameter(stack, "Size", string_value=size)
if size == "broken":
    handle = cdk.CfnWaitConditionHandle(stack, "Handle")
    cdk.CfnWaitCondition(stack, "Signal", handle=handle.ref, timeout="2", count=1)
cdk.CfnOutput(stack, "contract", value=stack.to_json_string({"size": size}))
app.synth()
"""

# With a `log`, it makes one resource that holds data, and carries the tags of the stage `small`.
LOG_APP = """
import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs

app = cdk.App()
stack = cdk.Stack(app, "Beside")
name = app.node.get_context("log")
cdk.CfnWaitConditionHandle(stack, "Always")  # a stack has one resource at least
if name:
    tags = {"Engagement": "demo_shop", "Environment": "staging", "Stage": "small"}
    sqs.CfnQueue(stack, "Log", queue_name=name, tags=[cdk.CfnTag(key=k, value=v) for k, v in tags.items()])
cdk.CfnOutput(stack, "contract", value=stack.to_json_string({"logs": int(bool(name))}))
app.synth()
"""


def write_app(root: Path, app: str = APP, context: dict[str, Any] | None = None) -> Path:
    """An app in this folder."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "app.py").write_text(app)
    own = {"size": "small"} if context is None else context
    (root / "cdk.json").write_text(json.dumps({"app": "python3 app.py", "context": own}, indent=2))
    (root / "requirements.txt").write_text(PINS)
    return root


def cdk(access: Access) -> Engine:
    """CDK with this access."""
    engine: Engine = opened(Kind.INFRASTRUCTURE, "cdk", access)
    return engine


def stage(folder: Path, upstream: dict[str, Any] | None = None, /, **variables: Any) -> StageRoot:
    """The small stage, its app in this folder."""
    state = S3(bucket="holds-no-state-of-cdk")
    return StageRoot("small", folder / "root", folder / "work", PREFIX, state, variables, upstream or {})


def waits_in_vain(access: Access, holder: str, *, seconds: int, kind: str = "CREATE") -> None:
    """Somebody makes the stack, or changes it; CloudFormation waits for a signal, and then takes it all back."""
    client: Any = aws.of(access).client("cloudformation")
    waiting = {"Handle": {"Ref": "Handle"}, "Timeout": str(seconds), "Count": 1}
    resources = {
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Signal": {"Type": "AWS::CloudFormation::WaitCondition", "Properties": waiting},
    }
    body = json.dumps({"Resources": resources})
    made = client.create_change_set(StackName=STACK, ChangeSetName="another", ChangeSetType=kind, TemplateBody=body)
    client.execute_change_set(ChangeSetName=made["Id"], ClientRequestToken=holder)
    while not client.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"].startswith(f"{kind}_IN"):
        time.sleep(0.05)


def status(formation: Any) -> str:
    """How the stack is."""
    return str(formation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])


def waiting(formation: Any) -> list[str]:
    """Change sets that nobody carried out."""
    found = formation.list_change_sets(StackName=STACK)["Summaries"]
    return [each["ChangeSetId"] for each in found if not each["ExecutionStatus"].startswith("EXECUTE_")]


def there(formation: Any) -> bool:
    """Whether the stack is there at all."""
    found = formation.list_stacks()["StackSummaries"]
    return STACK in {each["StackName"] for each in found if each["StackStatus"] != "DELETE_COMPLETE"}
