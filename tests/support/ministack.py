"""MiniStack for tests: a second emulated AWS, whose CloudFormation plans and finds drift.

    python -m tests.support.ministack

installs it. It has an environment of its own: it pins another botocore than ours. `make servers` calls it.
"""

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import requests
from tenacity import Retrying, stop_after_delay, wait_fixed

from tests.support.servers import free_port

PINS = Path(__file__).with_name("ministack.txt")
FOLDER = Path(__file__).parents[2] / ".provisioning" / "ministack"
ACCOUNT = "123456789012"


def install() -> None:
    """Make the environment, unless it is there with the very same packages."""
    done = FOLDER / "installed.txt"
    if done.is_file() and done.read_text() == PINS.read_text():
        return
    venv.create(FOLDER, clear=True, with_pip=True)
    install_pins = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(PINS)]
    subprocess.run([str(FOLDER / "bin/python"), "-m", "pip", *install_pins], check=True)
    done.write_text(PINS.read_text())


@contextmanager
def ministack_server(**more: str) -> Iterator[str]:
    """One of its own; yields its address, for `aws_access`. `more` are further variables of MiniStack's."""
    program, port = FOLDER / "bin/ministack", free_port()
    assert program.is_file(), f"MiniStack is not in {FOLDER}: make servers"
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(FOLDER),
        "BIND_HOST": "127.0.0.1",  # its default is every address
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        **more,
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


def obeying_server() -> AbstractContextManager[str]:
    """One that obeys IAM policies; the key of `aws_access` is the account's root there."""
    return ministack_server(AUTH="true", AWS_ACCESS_KEY_ID="testing")


def empty_ministack(address: str) -> None:
    """Forget everything that it holds."""
    requests.post(f"{address}/_ministack/reset", timeout=30).raise_for_status()


if __name__ == "__main__":
    install()
    sys.exit(0)
