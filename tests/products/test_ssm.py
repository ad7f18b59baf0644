"""SSM Parameter Store on moto: what no other configuration store does."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.config import ConfigStore
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Action, Change
from tests.support.back_ends import aws_access, opened


class Raw:
    """A body that is read as one from the network."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        """All of it."""
        yield self._body


@pytest.fixture
def access(moto: str) -> Access:
    return aws_access(moto)


@pytest.fixture
def store(access: Access) -> ConfigStore:
    store: ConfigStore = opened(Kind.CONFIG, "ssm", access)
    return store


@pytest.fixture
def prefix() -> str:
    return f"/shop_{uuid4().hex[:8]}/staging/config"


def test_a_secure_parameter_is_not_decrypted(store: ConfigStore, access: Access, prefix: str) -> None:
    ssm = aws.of(access).client("ssm")
    ssm.put_parameter(Name=f"{prefix}/a", Value="canary-4711", Type="SecureString")

    found = store.read(prefix)

    assert list(found) == [f"{prefix}/a"]
    assert found[f"{prefix}/a"]["value"] != "canary-4711"


def test_a_throttled_write_is_tried_for_longer_than_botocore_does(
    store: ConfigStore, access: Access, prefix: str
) -> None:
    answers: list[int] = []

    def throttle(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        answers.append(400 if len(answers) < 4 else 200)
        body = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
        return None if answers[-1] == 200 else AWSResponse(request.url, 400, HeadersDict(), Raw(body))

    aws.of(access).client("ssm").meta.events.register("before-send.ssm.PutParameter", throttle)

    store.write(prefix, [Change(Action.CREATE, f"{prefix}/a", None, {"value": "1", "otherwise": []})])

    assert answers == [400, 400, 400, 400, 200]
    assert store.read(prefix) == {f"{prefix}/a": {"value": "1", "otherwise": []}}
