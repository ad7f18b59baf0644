"""Secrets Manager and IAM when something is wrong: each cause is told, none is an answer, and no value is shown."""

import logging
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import requests
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.secrets import Place
from provisioning_assets.backends.secrets.secretsmanager.calls import Calls
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import diff
from provisioning_assets.errors import ProviderFailed, ProvisioningError, Unreachable
from tests.support.back_ends import aws_access, opened
from tests.support.http_servers import answering_always, echoing
from tests.support.secret_stores import DESIRED, OWNED, bring_about
from tests.support.servers import free_port

pytestmark = pytest.mark.second

CANARY = "canary-7f3a9c-do-not-show"
PLACE = Place("shop-staging", "runtime")


def at(address: str, **more: str) -> Any:
    return opened(Kind.SECRETS, "secretsmanager", aws_access(address, **more))


def every_verb(store: Any) -> list[Callable[[], object]]:
    value = {"value": CANARY}
    return [
        store.reach,
        store.identity,
        lambda: store.read_grants("shop-staging"),
        lambda: store.write_grants("shop-staging", diff({"grant pipeline": DESIRED["grant pipeline"]}, {}).changes),
        lambda: store.stored(PLACE),
        lambda: store.find(PLACE, "n"),
        lambda: store.create(PLACE, "n", value, OWNED),
        lambda: store.update(PLACE, "n", value, version="1"),
        lambda: store.describe(PLACE, "n", OWNED),
        lambda: store.read(PLACE, "n"),
        lambda: store.can_read("shop-staging", "pipeline", [("runtime", "n")]),
    ]


def test_a_server_that_is_not_there_is_named_by_every_verb() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    for verb in every_verb(at(address)):
        started = time.monotonic()
        with pytest.raises(Unreachable) as failure:
            verb()
        assert time.monotonic() - started < 5
        assert failure.value.address == address
        assert failure.value.remedy


@pytest.mark.parametrize(("status", "body", "kind"), [
    (200, "<html>Welcome</html>", "text/html"), (200, "", "text/html"), (404, "<html>no</html>", "text/html"),
    (200, "[]", "application/json"), (200, "{}", "application/x-amz-json-1.1"),
])  # fmt: skip
def test_what_is_no_aws_is_no_answer(status: int, body: str, kind: str) -> None:
    with answering_always(status, body, content_type=kind) as address:
        for verb in every_verb(at(address)):
            with pytest.raises(ProvisioningError) as failure:
                verb()
            assert failure.value.remedy


def test_without_credentials_the_profile_is_named() -> None:
    access = Access("profile shop (shop.env)", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "eu-central-1")
    for verb in every_verb(opened(Kind.SECRETS, "secretsmanager", access)):
        with pytest.raises(ProviderFailed) as failure:
            verb()
        assert failure.value.where in {access.name, "grant pipeline"}
        assert failure.value.remedy


def test_who_may_do_nothing_is_told_what_to_allow(obeying: str, iam: Any, scope: str) -> None:
    iam.create_user(UserName=f"{scope}-nobody")
    key = iam.create_access_key(UserName=f"{scope}-nobody")["AccessKey"]
    own = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    for verb in every_verb(at(obeying, **own))[2:]:
        with pytest.raises(ProviderFailed) as failure:
            verb()
        assert "AccessDenied" in failure.value.cause
        assert "the test's own" in failure.value.remedy


def throttling(times: int, body: bytes) -> tuple[list[int], Callable[..., AWSResponse | None]]:
    """What refuses the first calls, and what each was answered."""
    answers: list[int] = []

    class Raw:
        def stream(self) -> Iterator[bytes]:
            yield body

    def throttle(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        answers.append(400 if len(answers) < times else 200)
        return None if answers[-1] == 200 else AWSResponse(request.url, 400, HeadersDict(), Raw())

    return answers, throttle


@pytest.mark.parametrize(("service", "event", "body"), [
    ("secretsmanager", "CreateSecret", b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'),
    ("iam", "CreateRole", b"<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"),
])  # fmt: skip
def test_a_throttled_write_is_tried_for_longer_than_botocore_does(
    obeying: str, fresh: str, service: str, event: str, body: bytes
) -> None:
    access = aws_access(obeying)
    store: Any = opened(Kind.SECRETS, "secretsmanager", access)
    answers, throttle = throttling(4, body)
    aws.of(access).client(service).meta.events.register(f"before-send.{service}.{event}", throttle)

    bring_about(store, fresh)
    assert store.create(Place(fresh, "runtime"), "key", {"value": "x"}, OWNED)

    assert answers == [400, 400, 400, 400, 200]


class LosesOneAnswer(BaseHTTPRequestHandler):
    """Passes every request on, and hangs up on the first one of a kind instead of answering."""

    behind = ""
    operation = ""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = requests.post(self.behind + self.path, data=body, headers=dict(self.headers), timeout=10)
        if self.operation and self.headers.get("X-Amz-Target", "").endswith(self.operation):
            type(self).operation = ""
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.send_response(answer.status_code)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def forgetful(moto: str) -> Iterator[str]:
    LosesOneAnswer.behind = moto
    with ThreadingHTTPServer(("127.0.0.1", 0), LosesOneAnswer) as proxy:
        thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{proxy.server_address[1]}"
        proxy.shutdown()
        thread.join()


@pytest.mark.parametrize("operation", ["CreateSecret", "PutSecretValue", "UpdateSecretVersionStage"])
def test_a_write_whose_answer_was_lost_counts_as_ours(forgetful: str, fresh: str, operation: str) -> None:
    store, place = at(forgetful), Place(fresh, "runtime")
    LosesOneAnswer.operation = operation

    assert store.create(place, "key", {"value": "1"}, OWNED)
    assert store.update(place, "key", {"value": "2"}, version=store.find(place, "key").version)

    assert LosesOneAnswer.operation == ""
    assert store.read(place, "key") == {"value": "2"}


def test_no_value_and_no_credential_is_shown_to_anybody(
    obeying: str, fresh: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said = []

    def refused(act: Callable[[], object]) -> None:
        with pytest.raises(ProvisioningError) as failure:
            act()
        said.extend(traceback.format_exception(failure.value))
        error: BaseException | None = failure.value
        while error is not None:
            said.append(f"{error!s} {error!r} {error.args!r} {vars(error)!r}")
            error = error.__cause__ or error.__context__

    store, place, canary = at(obeying), Place(fresh, "runtime"), {"value": CANARY}
    bring_about(store, fresh)
    assert store.create(place, "database-password", canary, OWNED)
    assert not store.create(place, "database-password", canary, OWNED)
    assert store.update(place, "database-password", canary, version=store.find(place, "database-password").version)
    assert store.read(place, "database-password") == canary
    said.append(repr(store.can_read(fresh, "pipeline", [("runtime", "database-password")])))
    said.append(repr([store, store.stored(place), store.read_grants(fresh)]))
    refused(lambda: store.create(place, "no name", {"value": CANARY * 9000}, OWNED))
    torn = f"<AssumeRoleResponse><SecretAccessKey>{CANARY}</SecretAcc"
    with answering_always(200, torn, content_type="text/xml") as address:
        calls, role = Calls(aws.of(aws_access(address))), "arn:aws:iam::123456789012:role/any"
        refused(lambda: calls.ask("sts", "assume_role", role, RoleArn=role, RoleSessionName="any"))
    with echoing() as address:
        for verb in every_verb(at(address)):
            refused(verb)

    printed = capfd.readouterr()
    everything = "\n".join([caplog.text, printed.out, printed.err, *said])
    assert "CreateSecret" in caplog.text, "the log was not heard: the test proves nothing"
    assert CANARY not in everything
    assert "SecretAccessKey" not in everything
