"""One suite for every configuration store."""

from collections.abc import Callable, Mapping
from uuid import uuid4

import pytest

from provisioning_assets.backends.config import ConfigStore
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Action, Attributes, Change, diff
from provisioning_assets.errors import ApplyFailed, Unreachable
from tests.fakes.config import MemoryConfig
from tests.support.appconfig import made_profile
from tests.support.back_ends import FAKE, aws_access, names, products, subject_of
from tests.support.buckets import made_bucket
from tests.support.laws import EveryBackEnd, Proven
from tests.support.servers import free_port


def ssm(request: pytest.FixtureRequest) -> Proven:
    """Parameters on moto."""
    return Proven(Kind.CONFIG, "ssm", request.getfixturevalue("moto"), aws_access)


def flagd(request: pytest.FixtureRequest) -> Proven:
    """A document of its own in a bucket on moto."""
    address = request.getfixturevalue("moto")
    own = {"bucket": made_bucket(address), "object": f"{uuid4().hex}/flags.json"}
    return Proven(Kind.CONFIG, "flagd", address, aws_access, own)


def appconfig(request: pytest.FixtureRequest) -> Proven:
    """A document of its own on MiniStack."""
    address = request.getfixturevalue("ministack")
    return Proven(Kind.CONFIG, "appconfig", address, aws_access, made_profile(address))


SUBJECTS: Mapping[str, Callable[[pytest.FixtureRequest], Proven]] = {"ssm": ssm, "flagd": flagd, "appconfig": appconfig}


class TestEveryLaw(EveryBackEnd):
    @pytest.fixture(params=products(Kind.CONFIG))
    def proven(self, request: pytest.FixtureRequest) -> Proven:
        return subject_of(Kind.CONFIG, request.param, SUBJECTS)(request)

    def test_a_server_that_is_away_is_no_empty_answer(self, proven: Proven) -> None:
        with pytest.raises(Unreachable):
            proven.opened(f"http://127.0.0.1:{free_port()}").read("/shop/staging/config")


@pytest.fixture(params=names(Kind.CONFIG))
def store(request: pytest.FixtureRequest) -> ConfigStore:
    if request.param == FAKE:
        return MemoryConfig()
    store: ConfigStore = subject_of(Kind.CONFIG, request.param, SUBJECTS)(request).opened()
    return store


@pytest.fixture
def prefix() -> str:
    return f"/shop_{uuid4().hex[:8]}/staging/config"


def values(values: Mapping[str, str]) -> dict[str, Attributes]:
    """Keys with these values, and nothing otherwise."""
    return {key: {"value": value, "otherwise": []} for key, value in values.items()}


def bring_about(store: ConfigStore, prefix: str, desired: Mapping[str, str]) -> None:
    store.write(prefix, diff(values(desired), store.read(prefix)).changes)


def test_a_prefix_that_nobody_wrote_is_empty(store: ConfigStore, prefix: str) -> None:
    assert store.read(prefix) == {}


def test_values_are_there_as_written(store: ConfigStore, prefix: str) -> None:
    desired = {
        f"{prefix}/features/new-checkout": "false",
        f"{prefix}/limits/requests_per_minute": "600",
        f"{prefix}/urls/payment": "https://pay.example/api?x=1&y=ü",
        f"{prefix}/text": " leading, trailing \n",
    }

    bring_about(store, prefix, desired)

    assert store.read(prefix) == values(desired)
    assert diff(values(desired), store.read(prefix)).empty


@pytest.mark.parametrize("value", [
    "true", "True", "yes", "0", "00", "-1", "+1", "007", "1.10", "1.1", "0.25", "1e5", "NaN", "Infinity", "null",
    "9007199254740993", "1" * 400, "{}", '"quoted"', "[1]", "ü", "\u2028", "'", "\\",
])  # fmt: skip
def test_a_text_stays_the_text_that_it_was(store: ConfigStore, prefix: str, value: str) -> None:
    for each in (value, "something else", value):
        bring_about(store, prefix, {f"{prefix}/a": each})

    assert store.read(prefix) == values({f"{prefix}/a": value})


def test_each_key_is_created_updated_and_deleted_by_itself(store: ConfigStore, prefix: str) -> None:
    bring_about(store, prefix, {f"{prefix}/a": "1", f"{prefix}/b": "1"})
    desired = values({f"{prefix}/a": "2", f"{prefix}/c": "1"})
    plan = diff(desired, store.read(prefix))
    assert [change.action for change in plan.changes] == [Action.UPDATE, Action.DELETE, Action.CREATE]

    store.write(prefix, plan.changes)

    assert store.read(prefix) == desired


def test_a_neighbour_with_a_similar_prefix_is_somebody_elses(store: ConfigStore, prefix: str) -> None:
    bring_about(store, f"{prefix}2", {f"{prefix}2/theirs": "1"})
    bring_about(store, prefix, {f"{prefix}/ours": "1"})

    assert [key for key, found in store.read(prefix).items() if not found.get("unmanaged")] == [f"{prefix}/ours"]


def test_more_keys_than_a_page_holds_are_all_there(store: ConfigStore, prefix: str) -> None:
    desired = {f"{prefix}/limits/{number:02}": str(number) for number in range(23)}

    bring_about(store, prefix, desired)

    assert store.read(prefix) == values(desired)


def test_deleting_what_is_gone_already_is_done(store: ConfigStore, prefix: str) -> None:
    bring_about(store, prefix, {f"{prefix}/a": "1"})
    plan = diff({}, store.read(prefix))

    store.write(prefix, plan.changes)
    store.write(prefix, plan.changes)

    assert store.read(prefix) == {}


def change_to(prefix: str, value: str) -> Change:
    return Change(Action.CREATE, f"{prefix}/a", None, {"value": value, "otherwise": []})


def test_an_empty_value_is_refused_at_its_key(store: ConfigStore, prefix: str) -> None:
    with pytest.raises(ApplyFailed) as refused:
        store.write(prefix, [change_to(prefix, "")])

    assert refused.value.where == f"{prefix}/a"
    assert refused.value.remedy
    assert store.read(prefix) == {}


@pytest.mark.parametrize("size", [4096, 4097, 100_000])
def test_a_value_is_stored_whole_or_refused_at_its_key(store: ConfigStore, prefix: str, size: int) -> None:
    refused = None
    try:
        store.write(prefix, [change_to(prefix, "x" * size)])
    except ApplyFailed as error:
        refused = error

    assert store.read(prefix) == ({} if refused else values({f"{prefix}/a": "x" * size}))
    if refused:
        assert refused.where == f"{prefix}/a"
        assert refused.remedy
