"""One suite for every engine of infrastructure code, on each store that can keep its state."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.infrastructure import QUIET, Listener, StageRoot, StateLocked
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.core.plan import Action
from provisioning_assets.errors import ApplyFailed, ProviderFailed
from tests.support.back_ends import FAKE, aws_access, lacks, products, subject_of
from tests.support.engines import (
    BESIDE,
    PREFIX,
    Subject,
    cdk_alone,
    in_memory,
    on_second_terraform,
    terraform_on_postgresql,
    terraform_on_s3,
)
from tests.support.laws import EveryBackEnd, Proven

SUBJECTS: Mapping[str, Callable[[pytest.FixtureRequest], Subject]] = {
    FAKE: in_memory,
    "terraform on s3": terraform_on_s3,
    "terraform on postgresql": terraform_on_postgresql,
    "cdk": cdk_alone,
    "terraform 1.15 on s3": on_second_terraform(terraform_on_s3),
    "terraform 1.15 on postgresql": on_second_terraform(terraform_on_postgresql),
}
"""An engine, with the store of its state where it has one; without a version, the one that is installed here."""

VERSIONS = [name for name in SUBJECTS if name.startswith("terraform 1.15")]

UNSEEN = {FAKE: ["variable.log"], "cdk": ["Always (AWS::CloudFormation::WaitConditionHandle)"]}
"""What the engine cannot compare of the other stage, where there is something."""

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
        *VERSIONS,
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


def test_what_another_stage_makes_is_managed_and_its_loss_stateful(name: str, subject: Subject) -> None:
    """One test, because whoever makes something that holds data needs half a minute for it."""
    subject.apply("small")
    alone, both = subject.stage("small"), replace(subject.stage("small"), beside=(BESIDE,))
    covers = not lacks(name.partition(" ")[0], Capability.COVERAGE)
    assert not any(subject.engine.unmanaged(both).values()), "it was not applied yet, and manages nothing"

    made = subject.engine.plan(subject.beside(log="beside"), QUIET)
    subject.engine.apply(subject.beside(log="beside"), made, QUIET)
    strays = [why for why in subject.engine.unmanaged(alone).values() if why]
    managed = not any(subject.engine.unmanaged(both).values())
    lost = subject.engine.plan(subject.beside(), QUIET)
    subject.engine.apply(subject.beside(), lost, QUIET)

    assert (len(strays), managed) == (1 if covers else 0, True)
    assert {change.stateful for change in made.changes if change.action is Action.CREATE} == {False}
    assert [change.stateful for change in lost.changes if change.action is Action.DELETE] == [True]


def test_a_change_that_takes_no_data_away_is_not_stateful(subject: Subject) -> None:
    made = subject.engine.plan(subject.stage("small"), QUIET)
    subject.engine.apply(subject.stage("small"), made, QUIET)
    changed = subject.engine.plan(subject.stage("large"), QUIET)

    assert [(change.action, change.stateful) for change in (*made.changes, *changed.changes)] == [
        (Action.CREATE, False),
        (Action.UPDATE, False),
    ]


def test_what_was_applied_is_compared_or_named_as_unseen(name: str, subject: Subject) -> None:
    """Whatever is gone by hand is missed, or was never said to be there; neither before it is gone nor after."""
    made = subject.engine.plan(subject.beside(log=BESIDE), QUIET)
    subject.engine.apply(subject.beside(log=BESIDE), made, QUIET)
    kept = subject.engine.plan(subject.beside(log=BESIDE), QUIET)

    subject.lose()
    lost = subject.engine.plan(subject.beside(log=BESIDE), QUIET)

    assert kept.empty
    applied, missed = ({change.address for change in plan.changes} for plan in (made, lost))
    assert applied == missed | kept.unseen.keys()
    assert kept.unseen == lost.unseen
    assert all(kept.unseen.values())
    assert list(kept.unseen) == UNSEEN.get(name, [])


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
