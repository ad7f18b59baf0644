"""What stores do when something is missing, and when the network loses an answer."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest
import requests

from provisioning_assets.backends import aws
from provisioning_assets.backends.store.files import FileStore
from provisioning_assets.backends.store.s3 import S3Store
from provisioning_assets.errors import ProviderFailed, Unreachable
from tests.support.servers import emulated_aws, free_port

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def emulated() -> Iterator[str]:
    with emulated_aws() as address:
        yield address


@pytest.fixture
def name(emulated: str) -> str:
    return f"state-{uuid4().hex[:12]}"


@contextmanager
def elsewhere(address: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", address)
        aws.client.cache_clear()
        try:
            yield
        finally:
            aws.client.cache_clear()


class LosesTheFirstAnswer(BaseHTTPRequestHandler):
    """Passes every write on, and hangs up on the first one instead of answering."""

    lost = False
    behind = ""

    def do_PUT(self) -> None:
        """Pass a write on; the first one gets no answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = requests.put(self.behind + self.path, data=body, headers=dict(self.headers), timeout=10)
        if not type(self).lost:
            type(self).lost = True
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self._give(answer)

    def do_GET(self) -> None:
        """Pass a read on."""
        self._give(requests.get(self.behind + self.path, headers=dict(self.headers), timeout=10))

    def _give(self, answer: requests.Response) -> None:
        self.send_response(answer.status_code)
        self.send_header("Content-Length", str(len(answer.content)))
        if "ETag" in answer.headers:
            self.send_header("ETag", answer.headers["ETag"])
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_a_write_whose_answer_was_lost_counts_as_ours(name: str, emulated: str) -> None:
    S3Store(name, REGION).prepare()
    LosesTheFirstAnswer.lost, LosesTheFirstAnswer.behind = False, emulated
    with ThreadingHTTPServer(("127.0.0.1", 0), LosesTheFirstAnswer) as proxy:
        Thread(target=proxy.serve_forever, daemon=True).start()
        with elsewhere(f"http://127.0.0.1:{proxy.server_address[1]}"):
            assert S3Store(name, REGION).create("shop/lock.json", b"mine")
            assert LosesTheFirstAnswer.lost
            assert not S3Store(name, REGION).create("shop/lock.json", b"another's")
        proxy.shutdown()


def test_writing_to_a_bucket_that_is_gone_is_an_error_and_no_lost_race(name: str) -> None:
    store = S3Store(name, REGION)
    for write in (lambda: store.create("k", b"x"), lambda: store.replace("k", b"x", version="v")):
        with pytest.raises(ProviderFailed, match="does not exist") as failure:
            write()
        assert failure.value.where == f"s3://{name}"
        assert failure.value.remedy


def test_a_bucket_that_was_half_made_is_finished(name: str) -> None:
    s3 = aws.client("s3", REGION)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})

    S3Store(name, REGION).prepare()

    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())


def test_a_server_that_is_not_there_is_named_in_time(name: str) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with elsewhere(address):
        for ask in (lambda: S3Store(name, REGION).read("k"), lambda: aws.account(REGION)):
            started = time.monotonic()
            with pytest.raises(Unreachable, match=address) as failure:
                ask()
            assert time.monotonic() - started < 5
            assert "AWS_ENDPOINT_URL" in failure.value.remedy


def test_a_server_that_takes_connections_and_says_nothing_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, elsewhere(f"http://127.0.0.1:{silent.getsockname()[1]}"):
        started = time.monotonic()
        with pytest.raises(Unreachable):
            aws.account(REGION)
        assert time.monotonic() - started < 5


def test_missing_credentials_say_which_variables_to_set(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [each for each in os.environ if each.startswith("AWS_") and each != "AWS_ENDPOINT_URL"]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    aws.client.cache_clear()

    with pytest.raises(ProviderFailed, match="credentials") as failure:
        S3Store(name, REGION).read("k")

    aws.client.cache_clear()
    assert "AWS_ACCESS_KEY_ID" in failure.value.remedy


def test_keys_of_files_stay_in_the_folder(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "store")
    for key in ("../outside", "/etc/passwd", "a/../../outside"):
        with pytest.raises(ProviderFailed, match="leads out"):
            store.create(key, b"x")
    for key in (".lock", "a.part"):
        with pytest.raises(ProviderFailed, match="own"):
            store.create(key, b"x")
    assert not (tmp_path / "outside").exists()


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file in the way")

    with pytest.raises(ProviderFailed, match="cannot be used") as failure:
        FileStore(tmp_path / "store").prepare()

    assert failure.value.where == str(tmp_path / "store")
