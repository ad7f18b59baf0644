"""One suite for every engine of infrastructure code; Terraform runs it with its state on a moto server."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from provisioning_assets.backends.infrastructure.registry import BACK_ENDS

from provisioning_assets.backends.infrastructure import Infrastructure, StageRoot, StateLocked
from provisioning_assets.backends.store.s3 import S3Store
from provisioning_assets.core.plan import Action
from provisioning_assets.errors import ApplyFailed, ProviderFailed
from tests.fakes.infrastructure import MemoryInfrastructure, MemoryState
from tests.support.servers import emulated_aws

REGION, BUCKET, KEY = "eu-central-1", "demo-shop-staging-state", "demo_shop/staging/terraform/small.tfstate"

# A root that needs no cloud: what is tested is the engine. `broken` fails while it is applied.
ROOT = """
terraform {
  backend "s3" {}
}

variable "size" {
  type = string
}

resource "terraform_data" "this" {
  input = var.size

  provisioner "local-exec" {
    command = "test ${var.size} != broken"
  }
}

output "contract" {
  value = { size = terraform_data.this.output }
}
"""


@dataclass
class Subject:
    """An engine, and somebody else who locks its state."""

    engine: Infrastructure
    folder: Path
    lock: Callable[[], None]

    def stage(self, size: str) -> StageRoot:
        """The stage with this size."""
        state = {"bucket": BUCKET, "key": KEY, "region": REGION}
        return StageRoot("small", self.folder / "root", self.folder / "work", state, {"size": size}, {})

    def apply(self, size: str) -> None:
        """Plan and apply it."""
        plan = self.engine.plan(self.stage(size), print)
        self.engine.apply(self.stage(size), plan, print)


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with emulated_aws() as address:
        yield address


@pytest.fixture(params=["memory", *BACK_ENDS])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Subject:
    if request.param == "memory":
        memory = MemoryInfrastructure(fails_on="broken")

        def hold() -> None:
            memory.states.setdefault(KEY, MemoryState()).lock = "somebody@elsewhere"

        return Subject(memory, tmp_path, hold)

    request.getfixturevalue("aws")
    S3Store(BUCKET, REGION).prepare()
    (tmp_path / "root").mkdir()
    (tmp_path / "root/main.tf").write_text(ROOT)
    s3 = boto3.client("s3", region_name=REGION)
    s3.delete_object(Bucket=BUCKET, Key=KEY)

    def lock() -> None:
        held = {"ID": "0f4c", "Operation": "OperationTypeApply", "Who": "somebody@elsewhere", "Version": "1.11.4"}
        body = json.dumps(held | {"Info": "", "Created": "2026-11-23T10:00:00Z", "Path": KEY})
        s3.put_object(Bucket=BUCKET, Key=f"{KEY}.tflock", Body=body.encode())

    return Subject(BACK_ENDS[request.param](), tmp_path, lock)


def test_before_the_first_apply_there_is_nothing_to_rely_on(subject: Subject) -> None:
    stage = subject.stage("small")

    assert subject.engine.lineage(stage) is None
    assert subject.engine.version() not in {"", "none"}
    assert subject.engine.unmanaged(stage) == {}
    with pytest.raises(ProviderFailed, match="no contract yet"):
        subject.engine.contract(stage)


def test_an_apply_leaves_nothing_to_plan_and_a_contract(subject: Subject) -> None:
    stage = subject.stage("small")
    plan = subject.engine.plan(stage, print)
    assert [change.action for change in plan.changes] == [Action.CREATE]

    subject.engine.apply(stage, plan, print)

    assert subject.engine.plan(stage, print).empty
    assert subject.engine.contract(stage) == {"size": "small"}
    lineage = subject.engine.lineage(stage)
    subject.apply("large")
    assert subject.engine.contract(stage) == {"size": "large"}
    assert subject.engine.lineage(stage) == lineage is not None


def test_a_change_shows_its_attributes_by_name_and_no_value(subject: Subject) -> None:
    subject.apply("before-4711")

    plan = subject.engine.plan(subject.stage("after-4711"), print)

    assert [change.action for change in plan.changes] == [Action.UPDATE]
    assert plan.changes[0].attributes
    assert "4711" not in json.dumps([change.as_json() for change in plan.changes])
    assert subject.engine.plan(subject.stage("after-4711"), print).digest == plan.digest


def test_what_failed_part_of_the_way_is_planned_again(subject: Subject) -> None:
    with pytest.raises(ApplyFailed) as failure:
        subject.apply("broken")

    assert failure.value.where
    assert not subject.engine.plan(subject.stage("small"), print).empty
    subject.apply("small")
    assert subject.engine.plan(subject.stage("small"), print).empty


def test_only_the_plan_that_was_made_last_is_applied(subject: Subject) -> None:
    subject.apply("small")
    first = subject.engine.plan(subject.stage("large"), print)
    subject.engine.plan(subject.stage("small"), print)

    with pytest.raises(ProviderFailed, match="not the plan that was made last"):
        subject.engine.apply(subject.stage("large"), first, print)


def test_a_held_state_names_its_holder_and_can_be_released(subject: Subject) -> None:
    subject.lock()
    with pytest.raises(StateLocked) as locked:
        subject.engine.plan(subject.stage("small"), print)
    assert "somebody@elsewhere" in locked.value.holder

    subject.engine.release_lock(subject.stage("small"), "another-lock")
    with pytest.raises(StateLocked):
        subject.engine.plan(subject.stage("small"), print)
    subject.engine.release_lock(subject.stage("small"), locked.value.lock_id)

    assert not subject.engine.plan(subject.stage("small"), print).empty
