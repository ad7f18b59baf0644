"""One engagement, two engines: a stage of Terraform and one of CDK, which takes what the first one published."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.backends import aws
from provisioning_assets.core.evidence import Finding, Verdict
from provisioning_assets.core.kinds import Kind
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.errors import ApplyFailed, ConfigurationError, Refused
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.carry_out import carry_out
from provisioning_assets.runs.evaluate import evaluate, record
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.identity import identity_of
from provisioning_assets.runs.opening import open_session
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.stages import outputs
from tests.support.back_ends import aws_access
from tests.support.cdk_stage import write_app
from tests.support.ministack import empty_ministack
from tests.support.proving import holding
from tests.support.repositories import copy_repository, reduce_to_one_stage

pytestmark = pytest.mark.second

VPC = "vpc-0f4c"
JOBS = """
  - name: jobs
    root: cdk/stages/jobs
    engine: cdk
    variables: {retention_days: 5}
  - name: private
    root: cdk/stages/private
    engine: cdk
  - name: taken
    root: cdk/stages/taken
    engine: cdk
    after: [jobs]
"""
VPC_APP = """
import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

app = cdk.App()
stack = cdk.Stack(app, "Private")
vpc = ec2.CfnVPC(stack, "Vpc", cidr_block="10.1.0.0/16")
cdk.CfnOutput(stack, "contract", value=stack.to_json_string({"vpc": vpc.ref}))
app.synth()
"""
"""Of a type at which MiniStack's drift detection does not look."""

TAKEN = "a-name-that-somebody-has"
TAKEN_APP = f"""
import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

app = cdk.App()
stack = cdk.Stack(app, "Taken")
bucket = s3.CfnBucket(stack, "Bucket", bucket_name="{TAKEN}")
cdk.CfnOutput(stack, "contract", value=stack.to_json_string({{"bucket": bucket.ref}}))
app.synth()
"""


@pytest.fixture(scope="module")
def file(ministack: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop with two stages; both of its environments lie on MiniStack."""
    folder = tmp_path_factory.mktemp("shop")
    copy_repository(folder)
    write_app(folder / "cdk/stages/private", VPC_APP, {})
    write_app(folder / "cdk/stages/taken", TAKEN_APP, {})
    reduce_to_one_stage(folder)
    root = folder / "terraform/stages/only/main.tf"
    root.write_text(root.read_text().replace("{ zone_id =", f'{{ vpc_id = "{VPC}", zone_id ='))
    profile = folder / ".provisioning/profiles/sandbox.env"
    profile.parent.mkdir(parents=True)
    profile.touch(mode=0o600)
    profile.write_text("".join(f"{name}={value}\n" for name, value in aws_access(ministack).variables.items()))
    file = folder / "engagements/demo_shop/engagement.yaml"
    variables = '    variables: {domain: "${domain}"}\n'
    text = file.read_text()
    assert text.count(variables) == 1
    file.write_text(text.replace(variables, variables + JOBS))
    return file


@pytest.fixture(scope="module")
def graph(file: Path) -> Graph:
    return assemble(load_engagement(file.parent))


@pytest.fixture(scope="module")
def session(ministack: str, graph: Graph) -> Iterator[Session]:
    """A run that holds staging, on an empty cloud."""
    empty_ministack(ministack)
    with holding(graph, "staging") as held:
        yield held


def done(session: Session, name: str) -> dict[str, Finding]:
    """Carry the stage out and check it: each item's finding."""
    run = AssetRun(session, session.graph.task("staging", name))
    carry_out(run)
    found = {}
    for item in run.task.checks:
        evaluation = evaluate(run, item)
        record(run, evaluation)
        assert evaluation.evidence is not None
        found[item.item.name] = evaluation.evidence.finding
    return found


@pytest.fixture(scope="module")
def stood_up(session: Session) -> dict[str, Finding]:
    """What was found of the stage of CDK, after that of Terraform."""
    with pytest.raises(Refused):
        done(session, "jobs")  # its gate: what it stands on is not proven
    assert {finding.verdict for finding in done(session, "networking").values()} == {Verdict.GREEN}
    return done(session, "jobs")


def test_a_stage_of_cdk_is_proven_after_one_of_terraform(stood_up: dict[str, Finding]) -> None:
    assert {"infrastructure_matches_its_code", "nothing_is_unmanaged", "contract_is_kept"} <= stood_up.keys()
    assert {finding.verdict for finding in stood_up.values()} == {Verdict.GREEN}


@pytest.mark.usefixtures("stood_up")
def test_what_terraform_published_is_in_the_stack(session: Session) -> None:
    sqs, ssm = (aws.of(session.access).client(name) for name in ("sqs", "ssm"))
    published = outputs(session, "jobs")

    read = sqs.get_queue_attributes(QueueUrl=published["queue"], AttributeNames=["All"])["Attributes"]
    senders = ssm.get_parameter(Name=published["senders"])["Parameter"]

    assert senders["Value"] == VPC
    assert read["MessageRetentionPeriod"] == str(5 * 86_400)
    assert outputs(session, "networking")["vpc_id"] == VPC


@pytest.mark.usefixtures("stood_up")
def test_each_stage_has_the_identity_of_its_engine(session: Session) -> None:
    engines = {
        name: session.backend(Kind.INFRASTRUCTURE, session.environment.stage(name).engine).identity()["engine"]
        for name in ("networking", "jobs")
    }
    identities = {name: identity_of(session, session.graph.task("staging", name)) for name in engines}

    assert engines["networking"].startswith("Terraform")
    assert engines["jobs"].startswith("aws-cdk-lib")
    assert len(set(identities.values())) == 2


@pytest.mark.usefixtures("stood_up")
def test_what_cloudformation_does_not_look_at_is_not_green(session: Session) -> None:
    matches = done(session, "private")["infrastructure_matches_its_code"]

    assert matches.verdict is Verdict.COULD_NOT_TELL
    assert list(matches.problems) == ["Vpc (AWS::EC2::VPC)"]
    assert outputs(session, "private")["vpc"], "it was applied all the same"


@pytest.mark.usefixtures("stood_up")
def test_a_first_create_that_failed_leaves_nothing_green(graph: Graph, session: Session) -> None:
    s3 = aws.of(session.access).client("s3")
    s3.create_bucket(Bucket=TAKEN, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    run = AssetRun(session, graph.task("staging", "taken"))

    with pytest.raises(ApplyFailed) as failure:
        carry_out(run)

    assert "already exists" in failure.value.cause
    found = [evaluate(run, item).evidence for item in run.task.checks]
    assert found
    assert Verdict.GREEN not in [each.finding.verdict for each in found if each]

    s3.delete_bucket(Bucket=TAKEN)
    carry_out(run)
    assert outputs(session, "taken") == {"bucket": TAKEN}


@pytest.mark.usefixtures("stood_up")
def test_drift_of_a_stack_turns_its_item_red(graph: Graph, session: Session) -> None:
    sqs = aws.of(session.access).client("sqs")
    queue = outputs(session, "jobs")["queue"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MessageRetentionPeriod": "600"})
    run = AssetRun(open_session(graph, "staging", run="another"), graph.task("staging", "jobs"))

    (item,) = (each for each in run.task.checks if each.item.name == "infrastructure_matches_its_code")
    found = evaluate(run, item)

    assert found.evidence is not None
    assert found.evidence.finding.verdict is Verdict.RED
    assert list(found.evidence.finding.problems) == ["Queue (AWS::SQS::Queue)"]


def test_another_file_of_the_app_is_another_digest(file: Path, graph: Graph) -> None:
    app = file.parents[2] / "cdk/stages/jobs/app.py"
    text = app.read_text()
    app.write_text(text.replace("max_receive_count=5", "max_receive_count=6"))
    try:
        changed = assemble(load_engagement(file.parent))
    finally:
        app.write_text(text)

    before, after = (each.task("staging", "jobs").inputs.own for each in (graph, changed))
    assert before != after


def test_a_mistyped_variable_is_told_by_its_line(file: Path) -> None:
    text = file.read_text()
    spoilt = text.replace("{retention_days: 5}", "{retention_day: 5}")
    file.write_text(spoilt)
    try:
        with pytest.raises(ConfigurationError) as failure:
            load_engagement(file.parent)
    finally:
        file.write_text(text)

    (problem,) = failure.value.problems
    assert "{retention_day: 5}" in spoilt.splitlines()[problem.line - 1]
    assert "retention_days" in problem.expected
