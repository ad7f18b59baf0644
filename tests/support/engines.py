"""Engines of infrastructure code for their contract suite, each with a state to lock and resources to add by hand."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.backend import Settings
from provisioning_assets.backends.infrastructure import QUIET, Engine, StageRoot
from provisioning_assets.backends.store.settings import S3, Postgresql
from provisioning_assets.core.kinds import Kind
from tests.fakes.infrastructure import MemoryInfrastructure, MemoryState
from tests.support.back_ends import aws_access, opened
from tests.support.cdk_stage import LOG_APP, waits_in_vain, write_app
from tests.support.ministack import empty_ministack
from tests.support.postgresql import PostgresqlServer
from tests.support.repository import REPOSITORY
from tests.support.second_terraform import VERSION, install_second_terraform
from tests.support.terraform_stage import BUCKET, bucket_at

PREFIX = "demo_shop/staging"
BESIDE = "beside"
KEYS = {name: f"{PREFIX}/terraform/{name}.tfstate" for name in ("small", BESIDE)}
"""A stage to where Terraform keeps its state."""
OURS = {"engagement": "demo_shop", "environment": "staging"}
HOLDER = "somebody@elsewhere"

TERRAFORM = """
terraform {
  backend "%s" {}
}

variable "engagement" {
  type = string
}

variable "environment" {
  type = string
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
"""A root that needs no cloud, since the engine is what is tested. The size `broken` fails during the apply."""

LOG = """
terraform {
  backend "%s" {}

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

variable "engagement" {
  type = string
}

variable "environment" {
  type = string
}

variable "log" {
  type    = string
  default = ""
}

resource "aws_cloudwatch_log_group" "this" {
  count = var.log == "" ? 0 : 1
  name  = var.log

  tags = {
    Engagement  = var.engagement
    Environment = var.environment
    Stage       = "small"
  }
}

output "contract" {
  value = { logs = length(aws_cloudwatch_log_group.this) }
}
"""
"""A root with one resource that holds data, and carries the tags of the stage `small` as if it were its own."""

LOCK_FILE = REPOSITORY / "terraform/stages/networking/.terraform.lock.hcl"


@dataclass
class Subject:
    """An engine, and somebody else who works out of band."""

    engine: Engine
    folder: Path
    lock: Callable[[], None]
    """Locks the state, as a run of `HOLDER` would."""
    add_by_hand: Callable[[], str]
    """Creates a live resource of the stage by hand; returns a part of its address."""
    lose: Callable[[], object]
    """Deletes by hand everything that the other stage made."""
    holder: str = HOLDER
    state: Settings = field(default_factory=lambda: S3(bucket=BUCKET))

    def beside(self, **variables: str) -> StageRoot:
        """Another stage: with a `log`, it makes one resource, which holds data and belongs to the first stage."""
        root, work = self.folder / "beside", self.folder / "work-beside"
        return StageRoot(BESIDE, root, work, PREFIX, self.state, {**OURS, **variables}, {})

    def stage(self, size: str) -> StageRoot:
        """The stage with this size."""
        root, work = self.folder / "root", self.folder / "work"
        return StageRoot("small", root, work, PREFIX, self.state, {**OURS, "size": size}, {})

    def apply(self, size: str) -> None:
        """Plan and apply it."""
        self.engine.apply(self.stage(size), self.engine.plan(self.stage(size), QUIET), QUIET)


Makes = Callable[[pytest.FixtureRequest], Subject]


def in_memory(request: pytest.FixtureRequest) -> Subject:
    memory = MemoryInfrastructure("broken", "variable.log", belongs_to=f"{PREFIX}/small", hidden="variable.log")

    def lock() -> None:
        memory.states.setdefault(f"{PREFIX}/small", MemoryState()).lock = HOLDER

    def add_by_hand() -> str:
        memory.states[f"{PREFIX}/small"].by_hand["queue by-hand"] = "made by hand"
        return "by-hand"

    def lose() -> None:
        memory.states[f"{PREFIX}/{BESIDE}"].resources.clear()

    return Subject(memory, request.getfixturevalue("tmp_path"), lock, add_by_hand, lose)


def terraform_on_s3(request: pytest.FixtureRequest) -> Subject:
    """Terraform with its state on moto."""
    folder: Path = request.getfixturevalue("tmp_path")
    moto: str = request.getfixturevalue("moto")
    access, clients = aws_access(moto), aws.of(aws_access(moto))
    bucket_at(moto)
    _write_roots(folder, "s3")
    s3: Any = clients.client("s3")
    for key in KEYS.values():
        s3.delete_object(Bucket=BUCKET, Key=key)

    def lock() -> None:
        held = {"ID": "0f4c", "Operation": "OperationTypeApply", "Who": HOLDER, "Version": "1.11.4"}
        body = json.dumps(held | {"Info": "", "Created": "2026-11-23T10:00:00Z", "Path": KEYS["small"]})
        s3.put_object(Bucket=BUCKET, Key=f"{KEYS['small']}.tflock", Body=body.encode())

    engine = opened(Kind.INFRASTRUCTURE, "terraform", access)
    return Subject(engine, folder, lock, lambda: tagged_queue(request, access), lambda: lose_log(access))


def terraform_on_postgresql(request: pytest.FixtureRequest) -> Subject:
    """Terraform with its state in a database of its own; the resources of its stages are on moto."""
    folder: Path = request.getfixturevalue("tmp_path")
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    state_at = server.access(server.database())
    made_at = aws_access(request.getfixturevalue("moto"))
    access = replace(made_at, variables={**made_at.variables, **state_at.variables})
    _write_roots(folder, "pg")

    def lock() -> None:
        session = server.connected(access.get("PGDATABASE"))
        request.addfinalizer(session.close)
        # The lock that a session takes to write the first state in a database.
        session.execute("SELECT set_config('application_name', %s, false), pg_advisory_lock(-1)", [HOLDER])

    engine = opened(Kind.INFRASTRUCTURE, "terraform", access)
    return Subject(
        engine, folder, lock, lambda: tagged_queue(request, access), lambda: lose_log(access), state=Postgresql()
    )


def cdk_alone(request: pytest.FixtureRequest) -> Subject:
    """CDK on MiniStack, whose CloudFormation keeps the state itself."""
    folder: Path = request.getfixturevalue("tmp_path")
    address: str = request.getfixturevalue("ministack")
    empty_ministack(address)
    access, holder = aws_access(address), "somebody-elsewhere"
    write_app(folder / "root")
    write_app(folder / BESIDE, LOG_APP, {"log": ""})

    def lock() -> None:
        waits_in_vain(access, holder, seconds=3)

    def lose() -> None:
        sqs: Any = aws.of(access).client("sqs")
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=BESIDE)["QueueUrl"])

    engine: Engine = request.getfixturevalue("cdk")
    return Subject(engine, folder, lock, lambda: tagged_queue(request, access), lose, holder)


def on_second_terraform(
    subject: Callable[[pytest.FixtureRequest], Subject],
) -> Callable[[pytest.FixtureRequest], Subject]:
    """The same, under Terraform 1.15."""

    def prepared(request: pytest.FixtureRequest) -> Subject:
        install_second_terraform(request.getfixturevalue("tmp_path"), request.getfixturevalue("monkeypatch"))
        made = subject(request)
        assert made.engine.identity()["engine"] == f"Terraform {VERSION}"
        return made

    return prepared


def _write_roots(folder: Path, backend: str) -> None:
    """The code of both stages."""
    for name, code in (("root", TERRAFORM), ("beside", LOG)):
        (folder / name).mkdir()
        (folder / name / "main.tf").write_text(code % backend)
    shutil.copy(LOCK_FILE, folder / "beside")


def lose_log(access: Access) -> None:
    """Delete the log group that the other stage made."""
    logs: Any = aws.of(access).client("logs")
    logs.delete_log_group(logGroupName=BESIDE)


def tagged_queue(request: pytest.FixtureRequest, access: Access) -> str:
    """A queue with the stage's tags, for the duration of the test."""
    tags = {"Engagement": OURS["engagement"], "Environment": OURS["environment"], "Stage": "small"}
    sqs: Any = aws.of(access).client("sqs")
    made = sqs.create_queue(QueueName="by-hand", tags=tags)
    request.addfinalizer(lambda: sqs.delete_queue(QueueUrl=made["QueueUrl"]))
    return "by-hand"
