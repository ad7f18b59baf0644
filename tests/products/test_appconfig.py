"""AppConfig: one document, which a deployment takes to its clients, and which others deploy, too."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from provisioning_assets.assets import runtime_config
from provisioning_assets.backends import aws
from provisioning_assets.backends.config import ConfigStore
from provisioning_assets.backends.config.appconfig import deployments
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import diff
from provisioning_assets.errors import ApplyFailed, ProviderFailed
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.session import Session
from tests.support.appconfig import PREFIX, Hosted, hosted_at, made_strategy, values
from tests.support.back_ends import opened
from tests.support.repositories import configured_in
from tests.support.waiting import wait_until

pytestmark = pytest.mark.second
SLOW = "in-a-minute"


@pytest.fixture
def hosted(ministack: str) -> Hosted:
    return hosted_at(ministack)


@pytest.fixture
def slow(hosted: Hosted) -> str:
    """A strategy that takes a minute."""
    made_strategy(hosted.client, SLOW, minutes=1)
    return SLOW


def test_clients_get_one_member_for_each_key(hosted: Hosted) -> None:
    hosted.apply(checkout="true", rate="600", share="0.25", version="1.10", url="https://x/ü")

    assert hosted.served() == {
        "checkout": True, "rate": 600, "share": 0.25, "version": "1.10", "url": "https://x/ü",
        "provisioning": {PREFIX: ["checkout", "rate", "share", "url", "version"]},
    }  # fmt: skip


def test_what_others_keep_survives_and_is_read_as_unmanaged(hosted: Hosted) -> None:
    hosted.deploy({"theirs": {"nested": [1]}})
    hosted.apply(a="1")
    hosted.apply(b="2")

    assert hosted.served() == {"theirs": {"nested": [1]}, "b": 2, "provisioning": {PREFIX: ["b"]}}
    assert hosted.store().read(PREFIX)[f"{PREFIX}/theirs"]["unmanaged"]
    assert hosted.ours() == values(b="2")


def test_a_key_that_nobody_marked_is_taken_over_when_declared(hosted: Hosted) -> None:
    hosted.deploy({"a": 1})

    hosted.store().write(PREFIX, diff(values(a="2"), hosted.store().read(PREFIX)).changes)

    assert hosted.ours() == values(a="2")


@pytest.mark.parametrize("by_hand", ["600", [600], None, {"value": 600}, 600.0])
def test_another_type_by_hand_is_drift_and_is_put_right(hosted: Hosted, by_hand: object) -> None:
    hosted.apply(rate="600")
    hosted.deploy({**hosted.served(), "rate": by_hand})
    assert not diff(values(rate="600"), hosted.ours()).empty

    hosted.apply(rate="600")

    assert hosted.served()["rate"] == 600
    assert hosted.ours() == values(rate="600")


def test_nothing_is_deployed_where_nothing_changes(hosted: Hosted) -> None:
    hosted.apply(a="1")
    create = diff(values(a="1"), {}).changes

    hosted.store().write(PREFIX, create)

    assert hosted.versions == 1


def test_another_environments_key_is_not_taken(hosted: Hosted) -> None:
    hosted.apply(a="1")

    with pytest.raises(ApplyFailed) as refused:
        hosted.store().write("/shop/production/config", diff(
            {"/shop/production/config/a": {"value": "2", "otherwise": []}},
            hosted.store().read("/shop/production/config"),
        ).changes)  # fmt: skip

    assert refused.value.where == "/shop/production/config/a"
    assert hosted.ours() == values(a="1")


def test_the_documents_own_member_is_no_key(hosted: Hosted) -> None:
    with pytest.raises(ApplyFailed) as refused:
        hosted.apply(provisioning="mine")

    assert refused.value.where == f"{PREFIX}/provisioning"
    assert refused.value.remedy


def interfering(hosted: Hosted, edits: list[Callable[[], object]]) -> ConfigStore:
    """A store; somebody else deploys between its read and its deployment, for as long as there are edits."""
    access = replace(hosted.access)
    store: ConfigStore = opened(Kind.CONFIG, "appconfig", access, **hosted.settings)

    def edit(**_: object) -> None:
        if edits:
            edits.pop(0)()

    aws.of(access).client("appconfig").meta.events.register("before-call.appconfig.StartDeployment", edit)
    return store


def test_who_deploys_meanwhile_keeps_what_is_theirs(hosted: Hosted) -> None:
    hosted.apply(a="1")
    theirs = {**hosted.served(), "theirs": 1}
    edits: list[Callable[[], object]] = []
    store = interfering(hosted, edits)
    changes = diff(values(a="2"), store.read(PREFIX)).changes
    edits.append(lambda: hosted.deploy(theirs))

    store.write(PREFIX, changes)

    assert (hosted.served()["theirs"], hosted.served()["a"]) == (1, 2)
    assert hosted.versions == 3, "the version that lost is deleted"


def test_who_deploys_our_key_meanwhile_is_not_overwritten(hosted: Hosted) -> None:
    hosted.apply(a="1")
    edits: list[Callable[[], object]] = []
    store = interfering(hosted, edits)
    changes = diff(values(a="2"), store.read(PREFIX)).changes
    by_hand = {**hosted.served(), "a": 3}
    edits.append(lambda: hosted.deploy(by_hand))

    with pytest.raises(ApplyFailed) as refused:
        store.write(PREFIX, changes)

    assert refused.value.where == f"{PREFIX}/a"
    assert hosted.served() == by_hand


@pytest.mark.parametrize("change", ["another value", "the value that is on its way"])
def test_while_a_deployment_is_at_work_nobody_knows_what_clients_get(hosted: Hosted, slow: str, change: str) -> None:
    hosted.apply(a="1")
    number = hosted.deploy({"a": 3}, slow)

    with pytest.raises(ProviderFailed) as refused:
        hosted.apply(a="2" if change == "another value" else "3")

    assert refused.value.where == hosted.store().identity()["document"]
    assert str(number) in refused.value.cause
    assert refused.value.remedy


def test_a_deployment_that_is_stopped_has_failed(hosted: Hosted, slow: str) -> None:
    hosted.apply(a="1")
    ids, client = hosted.ids, hosted.client

    def states() -> list[str]:
        return [each["State"] for each in client.list_deployments(**ids)["Items"]]

    def stop() -> None:
        wait_until(lambda: "DEPLOYING" in states())
        client.stop_deployment(**ids, DeploymentNumber=2)

    by_somebody = Thread(target=stop)
    by_somebody.start()
    with pytest.raises(ApplyFailed) as failed:
        hosted.store(strategy=slow).write(PREFIX, diff(values(a="2"), hosted.ours()).changes)
    by_somebody.join()

    assert "ROLLED_BACK" in failed.value.cause
    assert failed.value.remedy
    assert hosted.ours() == values(a="1")


def test_a_deployment_that_does_not_end_is_told(hosted: Hosted, slow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployments, "SLACK", -59.0)

    with pytest.raises(ApplyFailed) as failed:
        hosted.store(strategy=slow).write(PREFIX, diff(values(a="2"), {}).changes)

    assert "DEPLOYING" in failed.value.cause


@pytest.mark.parametrize("content", [b"no: json", b"[]", b'{"a": 1, "a": 2}', b'{"provisioning": 1}', b"\xff"])
def test_what_is_no_document_is_refused_and_left(hosted: Hosted, content: bytes) -> None:
    hosted.deploy(content)

    with pytest.raises(ProviderFailed) as refused:
        hosted.store().read(PREFIX)
    with pytest.raises(ApplyFailed):
        hosted.store().write(PREFIX, diff(values(a="1"), {}).changes)

    assert refused.value.where == hosted.store().identity()["document"]
    assert refused.value.cause
    assert refused.value.remedy
    assert hosted.versions == 1


@pytest.mark.parametrize("part", ["application", "environment", "profile", "strategy"])
def test_what_is_missing_is_named_by_a_write(hosted: Hosted, part: str) -> None:
    store = hosted.store(**{part: "zzzz"})
    assert store.read(PREFIX) == {}

    with pytest.raises(ApplyFailed) as refused:
        store.write(PREFIX, diff(values(a="1"), {}).changes)

    assert refused.value.where == store.identity()["document"]
    assert refused.value.remedy


def test_two_of_one_name_are_told_apart_by_their_id(hosted: Hosted) -> None:
    hosted.apply(a="1")
    first = hosted.ids["ApplicationId"]
    hosted.client.create_application(Name=hosted.settings["application"])

    with pytest.raises(ProviderFailed) as refused:
        hosted.store().read(PREFIX)

    assert first in refused.value.cause
    assert hosted.store(application=first).read(PREFIX) == values(a="1")


@pytest.mark.parametrize("profile", [{"Type": "AWS.AppConfig.FeatureFlags"}, {"LocationUri": "ssm-parameter://shop"}])
def test_a_profile_that_holds_something_else_is_refused(ministack: str, profile: dict[str, str]) -> None:
    hosted = hosted_at(ministack, **profile)

    with pytest.raises(ProviderFailed) as refused:
        hosted.store().read(PREFIX)

    assert next(iter(profile.values())) in refused.value.cause


def test_an_engagements_keys_are_as_reviewed_until_somebody_deploys(hosted: Hosted, tmp_path: Path) -> None:
    written = {"name": "appconfig", **hosted.settings, "environment": '"${environment}"'}
    named = ", ".join(f"{name}: {value}" for name, value in written.items())
    graph = configured_in(tmp_path, f"{{{named}}}")
    session = Session(graph, graph.engagement.environment("staging"), hosted.access, "r1")
    run = AssetRun(session, graph.task("staging", "runtime_config"))
    target = runtime_config.target(run)
    item = runtime_config.runtime_config_equals_reviewed
    assert item.check is not None

    assert not item.check(run).ready
    target.apply(target.plan())
    assert item.check(run).ready
    assert target.plan().empty
    hosted.deploy({**hosted.served(), next(iter(hosted.served())): "by hand"})
    assert not item.check(run).ready
