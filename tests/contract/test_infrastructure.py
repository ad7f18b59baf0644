"""One suite for every engine of infrastructure code, on each store that can keep its state."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.backends import aws, catalogue
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.backend import Settings
from provisioning_assets.backends.infrastructure import QUIET, Engine, Listener, StageRoot, StateLocked
from provisioning_assets.backends.store.settings import S3, Postgresql
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.core.plan import Action
from provisioning_assets.errors import ApplyFailed, ProviderFailed
from tests.fakes.infrastructure import MemoryInfrastructure, MemoryState
from tests.support.back_ends import FAKE, aws_access, lacks, opened, products, subject_of
from tests.support.cdk_stage import waits_in_vain, write_app
from tests.support.laws import EveryBackEnd, Proven
from tests.support.ministack import empty_ministack
from tests.support.postgresql import PostgresqlServer
from tests.support.terraform_stage import BUCKET, bucket_at

PREFIX = "demo_shop/staging"
KEY = f"{PREFIX}/terraform/small.tfstate"
OURS = {"engagement": "demo_shop", "environment": "staging"}
HOLDER = "somebody@elsewhere"

# A root that needs no cloud: what is tested is the engine. `broken` fails while it is applied.
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


@dataclass
class Subject:
    """An engine, and somebody else who does things behind its back."""

    engine: Engine
    folder: Path
    lock: Callable[[], None]
    """Holds the state, as a run of `HOLDER` would."""
    add_by_hand: Callable[[], str]
    """Makes a live thing that belongs to the stage; a part of its address."""
    holder: str = HOLDER
    state: Settings = field(default_factory=lambda: S3(bucket=BUCKET))

    def stage(self, size: str) -> StageRoot:
        """The stage with this size."""
        root, work = self.folder / "root", self.folder / "work"
        return StageRoot("small", root, work, PREFIX, self.state, {**OURS, "size": size}, {})

    def apply(self, size: str) -> None:
        """Plan and apply it."""
        self.engine.apply(self.stage(size), self.engine.plan(self.stage(size), QUIET), QUIET)


def in_memory(request: pytest.FixtureRequest) -> Subject:
    memory = MemoryInfrastructure(fails_on="broken")

    def lock() -> None:
        memory.states.setdefault(f"{PREFIX}/small", MemoryState()).lock = HOLDER

    def add_by_hand() -> str:
        memory.states[f"{PREFIX}/small"].by_hand["queue by-hand"] = "made by hand"
        return "by-hand"

    return Subject(memory, request.getfixturevalue("tmp_path"), lock, add_by_hand)


def terraform_on_s3(request: pytest.FixtureRequest) -> Subject:
    """Terraform with its state on moto."""
    folder: Path = request.getfixturevalue("tmp_path")
    moto: str = request.getfixturevalue("moto")
    access, clients = aws_access(moto), aws.of(aws_access(moto))
    bucket_at(moto)
    (folder / "root").mkdir()
    (folder / "root/main.tf").write_text(TERRAFORM % "s3")
    s3: Any = clients.client("s3")
    s3.delete_object(Bucket=BUCKET, Key=KEY)

    def lock() -> None:
        held = {"ID": "0f4c", "Operation": "OperationTypeApply", "Who": HOLDER, "Version": "1.11.4"}
        body = json.dumps(held | {"Info": "", "Created": "2026-11-23T10:00:00Z", "Path": KEY})
        s3.put_object(Bucket=BUCKET, Key=f"{KEY}.tflock", Body=body.encode())

    return Subject(
        opened(Kind.INFRASTRUCTURE, "terraform", access), folder, lock, lambda: tagged_queue(request, access)
    )


def terraform_on_postgresql(request: pytest.FixtureRequest) -> Subject:
    """Terraform with its state in a database of its own; what its stages make lies on moto."""
    folder: Path = request.getfixturevalue("tmp_path")
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    state_at = server.access(server.database())
    made_at = aws_access(request.getfixturevalue("moto"))
    access = replace(made_at, variables={**made_at.variables, **state_at.variables})
    (folder / "root").mkdir()
    (folder / "root/main.tf").write_text(TERRAFORM % "pg")

    def lock() -> None:
        session = server.connected(access.get("PGDATABASE"))
        request.addfinalizer(session.close)
        # The lock of whoever writes the first state of a database.
        session.execute("SELECT set_config('application_name', %s, false), pg_advisory_lock(-1)", [HOLDER])

    engine = opened(Kind.INFRASTRUCTURE, "terraform", access)
    return Subject(engine, folder, lock, lambda: tagged_queue(request, access), state=Postgresql())


def cdk_alone(request: pytest.FixtureRequest) -> Subject:
    """CDK on MiniStack, whose CloudFormation keeps the state itself."""
    folder: Path = request.getfixturevalue("tmp_path")
    address: str = request.getfixturevalue("ministack")
    empty_ministack(address)
    access = aws_access(address)
    write_app(folder / "root")
    holder = "somebody-elsewhere"

    def lock() -> None:
        waits_in_vain(access, holder, seconds=3)

    engine: Engine = request.getfixturevalue("cdk")
    return Subject(engine, folder, lock, lambda: tagged_queue(request, access), holder)


def tagged_queue(request: pytest.FixtureRequest, access: Access) -> str:
    """A queue that carries the stage's tags, for as long as the test takes."""
    tags = {"Engagement": OURS["engagement"], "Environment": OURS["environment"], "Stage": "small"}
    sqs: Any = aws.of(access).client("sqs")
    made = sqs.create_queue(QueueName="by-hand", tags=tags)
    request.addfinalizer(lambda: sqs.delete_queue(QueueUrl=made["QueueUrl"]))
    return "by-hand"


SUBJECTS: Mapping[str, Callable[[pytest.FixtureRequest], Subject]] = {
    FAKE: in_memory,
    "terraform on s3": terraform_on_s3,
    "terraform on postgresql": terraform_on_postgresql,
    "cdk": cdk_alone,
}
"""An engine, with the store of its state where it has one."""

WITHOUT_STORE = [name for name in products(Kind.INFRASTRUCTURE) if lacks(name, Capability.STATE_IN_STORE)]
ENGINES_AND_STORES = [
    (engine, store)
    for engine, store in product(products(Kind.INFRASTRUCTURE), products(Kind.STORE))
    if engine not in WITHOUT_STORE
]

SERVERS: Mapping[str, Callable[[pytest.FixtureRequest], Proven]] = {
    "terraform": lambda request: Proven(Kind.INFRASTRUCTURE, "terraform", request.getfixturevalue("moto"), aws_access),
    "cdk": lambda request: Proven(Kind.INFRASTRUCTURE, "cdk", request.getfixturevalue("ministack"), aws_access),
}


class TestEveryLaw(EveryBackEnd):
    @pytest.fixture(params=products(Kind.INFRASTRUCTURE))
    def proven(self, request: pytest.FixtureRequest) -> Proven:
        return subject_of(Kind.INFRASTRUCTURE, request.param, SERVERS)(request)


@pytest.fixture(
    params=[
        FAKE,
        *WITHOUT_STORE,
        *(f"{engine} on {store}" for engine, store in ENGINES_AND_STORES if not lacks(store, Capability.ENGINE_STATE)),
    ]
)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def subject(request: pytest.FixtureRequest, name: str) -> Subject:
    return subject_of(Kind.INFRASTRUCTURE, name, SUBJECTS)(request)


def test_before_the_first_apply_there_is_nothing_to_rely_on(subject: Subject) -> None:
    stage = subject.stage("small")

    assert subject.engine.state_id(stage) is None
    assert subject.engine.unmanaged(stage) == {}
    with pytest.raises(ProviderFailed) as failure:
        subject.engine.outputs(stage)
    assert failure.value.remedy


def test_an_apply_leaves_nothing_to_plan_and_outputs(subject: Subject) -> None:
    stage = subject.stage("small")
    plan = subject.engine.plan(stage, QUIET)
    assert [change.action for change in plan.changes] == [Action.CREATE]

    subject.engine.apply(stage, plan, QUIET)

    assert subject.engine.plan(stage, QUIET).empty
    assert subject.engine.outputs(stage) == {"size": "small"}


def test_a_state_is_the_same_one_after_another_apply(subject: Subject) -> None:
    subject.apply("small")
    state = subject.engine.state_id(subject.stage("small"))

    subject.apply("large")

    assert subject.engine.outputs(subject.stage("large")) == {"size": "large"}
    assert subject.engine.state_id(subject.stage("large")) == state is not None


def test_a_change_shows_its_attributes_by_name_and_no_value(subject: Subject) -> None:
    subject.apply("before-4711")

    plan = subject.engine.plan(subject.stage("after-4711"), QUIET)

    assert [change.action for change in plan.changes] == [Action.UPDATE]
    assert plan.changes[0].attributes
    assert "4711" not in json.dumps([change.as_json() for change in plan.changes])
    assert subject.engine.plan(subject.stage("after-4711"), QUIET).digest == plan.digest


def test_what_failed_part_of_the_way_is_planned_again(subject: Subject) -> None:
    with pytest.raises(ApplyFailed) as failure:
        subject.apply("broken")

    assert failure.value.where
    assert not subject.engine.plan(subject.stage("small"), QUIET).empty
    subject.apply("small")
    assert subject.engine.plan(subject.stage("small"), QUIET).empty


def test_only_the_plan_that_was_made_last_is_applied(subject: Subject) -> None:
    subject.apply("small")
    first = subject.engine.plan(subject.stage("large"), QUIET)
    subject.engine.plan(subject.stage("small"), QUIET)

    with pytest.raises(ProviderFailed):
        subject.engine.apply(subject.stage("large"), first, QUIET)

    assert subject.engine.outputs(subject.stage("small")) == {"size": "small"}


def test_a_plan_is_applied_once(subject: Subject) -> None:
    plan = subject.engine.plan(subject.stage("small"), QUIET)
    subject.engine.apply(subject.stage("small"), plan, QUIET)

    with pytest.raises(ProviderFailed):
        subject.engine.apply(subject.stage("small"), plan, QUIET)


def test_people_hear_what_is_done(subject: Subject) -> None:
    lines: list[str] = []
    listener = Listener(lines.append)

    plan = subject.engine.plan(subject.stage("small"), listener)
    subject.engine.apply(subject.stage("small"), plan, listener)

    assert lines
    assert all(line.startswith("small: ") for line in lines)


def test_a_held_state_names_its_holder_and_can_be_unlocked(subject: Subject) -> None:
    subject.lock()
    with pytest.raises(StateLocked) as locked:
        subject.engine.plan(subject.stage("small"), QUIET)
    assert subject.holder in locked.value.holder

    subject.engine.unlock(subject.stage("small"), "another-lock")
    with pytest.raises(StateLocked):
        subject.engine.plan(subject.stage("small"), QUIET)
    subject.engine.unlock(subject.stage("small"), locked.value.lock_id)

    assert not subject.engine.plan(subject.stage("small"), QUIET).empty


def test_what_was_added_by_hand_is_live_and_unmanaged(name: str, subject: Subject) -> None:
    subject.apply("small")
    if lacks(name.partition(" ")[0], Capability.COVERAGE):
        return
    assert not any(subject.engine.unmanaged(subject.stage("small")).values())

    added = subject.add_by_hand()

    (found,) = ((thing, why) for thing, why in subject.engine.unmanaged(subject.stage("small")).items() if why)
    assert added in found[0]


@pytest.mark.parametrize(("engine", "store"), ENGINES_AND_STORES)
def test_a_store_that_keeps_no_engines_state_is_refused(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str, store: str
) -> None:
    if not lacks(store, Capability.ENGINE_STATE):
        assert f"{engine} on {store}" in SUBJECTS
        return
    settings = catalogue.product(Kind.STORE, store).settings.model_construct(name=store)
    stage = StageRoot("small", tmp_path, tmp_path / "work", PREFIX, settings, {}, {})

    with pytest.raises(ProviderFailed) as refused:
        subject_of(Kind.INFRASTRUCTURE, engine, SERVERS)(request).opened().plan(stage, QUIET)
    assert refused.value.remedy
