"""S3 as a store: lost answers, half-made buckets, missing ones."""

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
import requests

from provisioning_assets.backends import aws
from provisioning_assets.backends.store import Store
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ProviderFailed
from tests.support.back_ends import REGION, aws_access, opened


@pytest.fixture
def bucket() -> str:
    return f"state-{uuid4().hex[:12]}"


def store_at(address: str, bucket: str, region: str = REGION) -> Store:
    store: Store = opened(Kind.STORE, "s3", aws_access(address, region), bucket=bucket)
    return store


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


@pytest.fixture
def forgetful(moto: str) -> Iterator[str]:
    LosesTheFirstAnswer.lost, LosesTheFirstAnswer.behind = False, moto
    with ThreadingHTTPServer(("127.0.0.1", 0), LosesTheFirstAnswer) as proxy:
        thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{proxy.server_address[1]}"
        proxy.shutdown()
        thread.join()


def test_a_write_whose_answer_was_lost_counts_as_ours(moto: str, forgetful: str, bucket: str) -> None:
    store_at(moto, bucket).prepare()

    assert store_at(forgetful, bucket).create("shop/lock.json", b"mine")
    assert LosesTheFirstAnswer.lost
    assert not store_at(forgetful, bucket).create("shop/lock.json", b"another's")


def test_writing_to_a_bucket_that_is_gone_is_no_lost_race(moto: str, bucket: str) -> None:
    store = store_at(moto, bucket)
    for write in (lambda: store.create("k", b"x"), lambda: store.replace("k", b"x", version="v")):
        with pytest.raises(ProviderFailed) as failure:
            write()
        assert failure.value.where == f"s3://{bucket}"
        assert failure.value.remedy


def test_a_bucket_that_was_half_made_is_finished(moto: str, bucket: str) -> None:
    s3: Any = aws.of(aws_access(moto)).client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})

    store_at(moto, bucket).prepare()

    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())


def test_the_region_that_the_api_does_not_name_has_buckets_too(moto: str, bucket: str) -> None:
    store = store_at(moto, bucket, "us-east-1")

    store.prepare()

    assert store.create("k", b"x")
