"""One suite for every configuration store; SSM runs it on a moto server."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from provisioning_assets.backends.config.registry import BACK_ENDS

from provisioning_assets.backends import aws
from provisioning_assets.backends.config import ConfigStore
from provisioning_assets.core.plan import Action, Attributes, Change, diff
from provisioning_assets.errors import ApplyFailed, Unreachable
from tests.fakes.config import MemoryConfig
from tests.support.servers import emulated_aws, free_port

REGION = "eu-central-1"


class Raw:
    """A body that is read as one from the network."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        """All of it."""
        yield self._body


@pytest.fixture(scope="module")
def emulated() -> Iterator[str]:
    with emulated_aws() as address:
        yield address


@pytest.fixture(params=["memory", *BACK_ENDS])
def store(request: pytest.FixtureRequest) -> ConfigStore:
    if request.param == "memory":
        return MemoryConfig()
    request.getfixturevalue("emulated")
    return BACK_ENDS[request.param](REGION)


@pytest.fixture
def prefix() -> str:
    return f"/shop_{uuid4().hex[:8]}/staging/config"


def bring_about(store: ConfigStore, prefix: str, desired: dict[str, Attributes]) -> None:
    store.write(diff(desired, store.read(prefix)).changes)


def test_a_prefix_that_nobody_wrote_is_empty(store: ConfigStore, prefix: str) -> None:
    assert store.read(prefix) == {}


def test_values_are_there_as_written(store: ConfigStore, prefix: str) -> None:
    desired: dict[str, Attributes] = {
        f"{prefix}/features/new-checkout": {"value": "false"},
        f"{prefix}/limits/requests_per_minute": {"value": "600"},
        f"{prefix}/urls/payment": {"value": "https://pay.example/api?x=1&y=ü"},
        f"{prefix}/text": {"value": " leading, trailing \n"},
    }

    bring_about(store, prefix, desired)

    assert store.read(prefix) == desired
    assert diff(desired, store.read(prefix)).empty


def test_each_key_is_created_updated_and_deleted_by_itself(store: ConfigStore, prefix: str) -> None:
    bring_about(store, prefix, {f"{prefix}/a": {"value": "1"}, f"{prefix}/b": {"value": "1"}})
    desired: dict[str, Attributes] = {f"{prefix}/a": {"value": "2"}, f"{prefix}/c": {"value": "1"}}
    plan = diff(desired, store.read(prefix))
    assert [change.action for change in plan.changes] == [Action.UPDATE, Action.DELETE, Action.CREATE]

    store.write(plan.changes)

    assert store.read(prefix) == desired


def test_a_neighbour_with_a_similar_prefix_is_somebody_elses(store: ConfigStore, prefix: str) -> None:
    bring_about(store, f"{prefix}2", {f"{prefix}2/a": {"value": "1"}})
    bring_about(store, prefix, {f"{prefix}/a": {"value": "1"}})

    assert list(store.read(prefix)) == [f"{prefix}/a"]


def test_more_keys_than_a_page_holds_are_all_there(store: ConfigStore, prefix: str) -> None:
    desired: dict[str, Attributes] = {f"{prefix}/limits/{number:02}": {"value": str(number)} for number in range(23)}

    bring_about(store, prefix, desired)

    assert store.read(prefix) == desired


def test_deleting_what_is_gone_already_is_done(store: ConfigStore, prefix: str) -> None:
    bring_about(store, prefix, {f"{prefix}/a": {"value": "1"}})
    plan = diff({}, store.read(prefix))

    store.write(plan.changes)
    store.write(plan.changes)

    assert store.read(prefix) == {}


@pytest.mark.parametrize("value", ["", "x" * 4097], ids=["empty", "too large"])
def test_a_value_that_does_not_fit_names_its_key(store: ConfigStore, prefix: str, value: str) -> None:
    change = Change(Action.CREATE, f"{prefix}/a", None, {"value": value})

    with pytest.raises(ApplyFailed, match="does not fit") as refused:
        store.write([change])

    assert refused.value.where == f"{prefix}/a"
    assert refused.value.remedy
    assert store.read(prefix) == {}


def test_a_server_that_does_not_answer_is_an_error_and_not_an_empty_answer(
    monkeypatch: pytest.MonkeyPatch, emulated: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    aws.client.cache_clear()

    with pytest.raises(Unreachable):
        BACK_ENDS["ssm"](REGION).read("/shop/staging/config")

    aws.client.cache_clear()


def test_a_secure_parameter_is_not_decrypted(emulated: str, prefix: str) -> None:
    aws.client("ssm", REGION).put_parameter(Name=f"{prefix}/a", Value="canary-4711", Type="SecureString")

    found = BACK_ENDS["ssm"](REGION).read(prefix)

    assert list(found) == [f"{prefix}/a"]
    assert found[f"{prefix}/a"]["value"] != "canary-4711"


def test_a_throttled_write_is_tried_for_longer_than_botocore_does(emulated: str, prefix: str) -> None:
    answers: list[int] = []

    def throttle(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        answers.append(400 if len(answers) < 4 else 200)
        body = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
        return None if answers[-1] == 200 else AWSResponse(request.url, 400, HeadersDict(), Raw(body))

    events = aws.client("ssm", REGION).meta.events
    events.register("before-send.ssm.PutParameter", throttle)
    try:
        bring_about(BACK_ENDS["ssm"](REGION), prefix, {f"{prefix}/a": {"value": "1"}})
    finally:
        events.unregister("before-send.ssm.PutParameter", throttle)

    assert answers == [400, 400, 400, 400, 200]
    assert BACK_ENDS["ssm"](REGION).read(prefix) == {f"{prefix}/a": {"value": "1"}}
