"""MiniStack for tests."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import requests
from tenacity import Retrying, stop_after_delay, wait_fixed

from provisioning_assets.sandbox.ministack import command, variables
from tests.support.servers import free_port


@contextmanager
def ministack_server(**more: str) -> Iterator[str]:
    """One of its own; yields its address, for `aws_access`. `more` are further variables of MiniStack's."""
    port = free_port()
    told = {"PATH": os.environ["PATH"], **variables(port, **more)}
    server = subprocess.Popen(command(), env=told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        for attempt in Retrying(stop=stop_after_delay(60), wait=wait_fixed(0.2), reraise=True):
            with attempt:
                requests.get(address, timeout=2)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def obeying_server() -> AbstractContextManager[str]:
    """One that obeys IAM policies; the key of `aws_access` is the account's root there."""
    return ministack_server(AUTH="true", AWS_ACCESS_KEY_ID="testing")


def empty_ministack(address: str) -> None:
    """Forget everything that it holds."""
    requests.post(f"{address}/_ministack/reset", timeout=30).raise_for_status()
