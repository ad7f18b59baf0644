"""An engagement whose secrets lie in Secrets Manager: what its items see there, and what they cannot see on moto."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.assets import secrets
from provisioning_assets.assets.assembly import assemble
from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.secrets import Place
from provisioning_assets.core.evidence import Finding, Verdict
from provisioning_assets.core.kinds import Kind
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.errors import ConfigurationError
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.evaluate import evaluate
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.task import ReadinessItem
from tests.support.back_ends import aws_access
from tests.support.iam import READS, policy
from tests.support.repositories import copy_repository

pytestmark = pytest.mark.second

SCOPE = "demo_shop-staging"
PIPELINE = f"{SCOPE}-pipeline"
TRIED = (secrets.pipeline_reads_its_secrets, secrets.pipeline_reads_nothing_else)


def chosen(folder: Path, provider: str) -> Graph:
    """The demo shop with this secret store."""
    copy_repository(folder)
    file = folder / "engagements/demo_shop/engagement.yaml"
    file.write_text(file.read_text().replace("provider: openbao", f"provider: {provider}"))
    return assemble(load_engagement(file.parent))


@dataclass(frozen=True)
class Staging:
    """Staging of the demo shop."""

    graph: Graph
    access: Access

    def run(self) -> AssetRun:
        """The secrets in a run that begins now."""
        where = self.graph.engagement.environment("staging")
        return AssetRun(Session(self.graph, where, self.access, "r1"), self.graph.task("staging", "secrets"))

    def look(self, item: ReadinessItem) -> Finding:
        evidence = evaluate(self.run(), item).evidence
        assert evidence is not None
        return evidence.finding

    def client(self, service: str) -> Any:
        """Somebody who may do everything, behind our back."""
        return aws.of(self.access).client(service)

    def apply(self) -> None:
        target = secrets.target(self.run())
        target.apply(target.plan())


Stage = Callable[..., Staging]


@pytest.fixture
def on(tmp_path: Path) -> Stage:
    """Staging with its secrets as declared, on a server."""

    def staging(address: str, provider: str = "secretsmanager", **variables: str) -> Staging:
        given = {"DEMO_SHOP_PAYMENT_API_KEY": "from the operator's shell"}
        access = replace(aws_access(address, **variables), given=given)
        made = Staging(chosen(tmp_path, provider), access)
        made.apply()
        return made

    return staging


def remove_all(staging: Staging) -> None:
    """What an environment of the same name would find."""
    client = staging.client("secretsmanager")
    for each in client.list_secrets(IncludePlannedDeletion=True)["SecretList"]:
        if each["Name"].startswith(SCOPE):
            client.delete_secret(SecretId=each["Name"], ForceDeleteWithoutRecovery=True)


@pytest.fixture
def staging(obeying: str, on: Stage) -> Any:
    staging = on(obeying)
    yield staging
    remove_all(staging)


def test_what_was_applied_is_as_declared_and_tried(staging: Staging) -> None:
    assert secrets.target(staging.run()).plan().empty
    for item in staging.run().task.checks:
        if item.check is not None:
            assert staging.look(item).ready, item.item.name


def test_what_the_pipeline_can_or_cannot_read_is_named(staging: Staging) -> None:
    private = {**READS, "Resource": f"arn:aws:secretsmanager:*:*:secret:{SCOPE}/engagement/*"}
    needed = {**READS, "Resource": f"arn:aws:secretsmanager:*:*:secret:{SCOPE}/runtime/database-password-??????"}
    both = policy(private, needed)
    staging.client("iam").put_role_policy(RoleName=PIPELINE, PolicyName="reads", PolicyDocument=both)

    reads, reads_nothing_else = map(staging.look, TRIED)

    assert sorted(reads.problems) == ["runtime/payment-api-key", "runtime/session-key"]
    assert list(reads_nothing_else.problems) == ["engagement/ci-deploy-key"]


def test_a_list_that_lags_hides_no_secret_that_we_know(staging: Staging) -> None:
    private = {**READS, "Resource": f"arn:aws:secretsmanager:*:*:secret:{SCOPE}/engagement/*"}
    staging.client("iam").put_role_policy(RoleName=PIPELINE, PolicyName="more", PolicyDocument=policy(private))
    lagging: list[int] = []

    def lag(parsed: Any, **_: object) -> None:
        lagging.append(len(parsed["SecretList"]))
        parsed["SecretList"].clear()

    held = aws.of(staging.access)
    held.client("secretsmanager").meta.events.register("after-call.secretsmanager.ListSecrets", lag)

    assert secrets.target(staging.run()).plan().changes[0].address == "grant pipeline"
    assert staging.look(secrets.secrets_are_populated).ready
    assert list(staging.look(secrets.pipeline_reads_nothing_else).problems) == ["engagement/ci-deploy-key"]
    assert lagging
    assert all(lagging)


def test_a_secret_that_nobody_declared_is_named(staging: Staging) -> None:
    staging.client("secretsmanager").create_secret(Name=f"{SCOPE}/runtime/by-hand", SecretString="{}")

    assert list(staging.look(secrets.secrets_are_populated).problems) == ["runtime/by-hand"]


def test_where_nobody_obeys_policies_the_grants_are_not_tested(moto: str, on: Stage) -> None:
    staging = on(moto, PROVISIONING_EMULATION="moto")

    assert [staging.look(item).verdict for item in TRIED] == [Verdict.NOT_TESTED, Verdict.NOT_TESTED]
    assert staging.look(secrets.secrets_are_populated).ready


def test_an_emulation_that_is_not_named_is_no_proof_either(moto: str, on: Stage) -> None:
    staging = on(moto)

    assert [staging.look(item).verdict for item in TRIED] == [Verdict.COULD_NOT_TELL, Verdict.COULD_NOT_TELL]


def test_who_may_assume_the_role_can_differ_between_environments(moto: str, on: Stage) -> None:
    provider = "{name: secretsmanager, assumed_by: ['arn:aws:iam::123456789012:role/${environment}-ci']}"
    staging = on(moto, provider)
    trust = staging.client("iam").get_role(RoleName=PIPELINE)["Role"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Principal"] == {"AWS": ["arn:aws:iam::123456789012:role/staging-ci"]}
    store = staging.run().backend(Kind.SECRETS)
    assert store.find(Place(SCOPE, "runtime"), "session-key")


@pytest.mark.parametrize("own", [
    "kms_key: alias/shop", "kms_key: ''", "assumed_by: arn:aws:iam::1:root", "assumed_by: ['*']",
    "assumed_by: ['arn:aws:iam::123456789012:role/']", "adress: https://x", "region: eu-west-1",
])  # fmt: skip
def test_a_wrong_setting_is_told_by_its_line(tmp_path: Path, own: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        chosen(tmp_path, f"{{name: secretsmanager, {own}}}")

    file = tmp_path / "engagements/demo_shop/engagement.yaml"
    line = next(number for number, each in enumerate(file.read_text().splitlines(), 1) if "secretsmanager" in each)
    assert [problem.line for problem in caught.value.problems] == [line]
