"""An emulated AWS that obeys IAM policies: MiniStack, asked to."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from tenacity import Retrying, stop_after_delay, wait_fixed

from tests.support.ministack import ACCOUNT, FOLDER
from tests.support.servers import free_port


@contextmanager
def obeying_server() -> Iterator[str]:
    """One of its own; yields its address, for `aws_access`, whose key is the account's root there."""
    program, port = FOLDER / "bin/ministack", free_port()
    assert program.is_file(), f"MiniStack is not in {FOLDER}: make servers"
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(FOLDER),
        "BIND_HOST": "127.0.0.1",  # its default is every address
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": "testing",
    }
    server = subprocess.Popen([str(program)], env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        for attempt in Retrying(stop=stop_after_delay(60), wait=wait_fixed(0.2), reraise=True):
            with attempt:
                requests.get(address, timeout=2)
        yield address
    finally:
        server.terminate()
        server.wait(10)
