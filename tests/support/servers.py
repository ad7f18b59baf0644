"""Real servers for tests, each on a free loopback port and ended with the test."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import requests
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed


@contextmanager
def moto_server() -> Iterator[str]:
    """An emulated AWS of its own; yields its address, for AWS_ENDPOINT_URL."""
    port = free_port()
    command = [sys.executable, "-m", "provisioning_assets.sandbox.aws", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


@dataclass(frozen=True, slots=True)
class SecretServer:
    """An OpenBao of a test's own."""

    address: str
    token: str
    pid: int


@contextmanager
def openbao_server() -> Iterator[SecretServer]:
    """An OpenBao in memory, unsealed; for VAULT_ADDR and VAULT_TOKEN."""
    port, token = free_port(), token_hex(16)
    bao = Path(sys.executable).with_name("bao")
    command = [str(bao), "server", "-dev", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{port}"]
    environment = {**os.environ, "BAO_DEV_ROOT_TOKEN_ID": token}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        for attempt in Retrying(stop=stop_after_delay(30), wait=wait_fixed(0.1), reraise=True):
            with attempt:
                requests.get(f"{address}/v1/sys/health", timeout=1).raise_for_status()
        yield SecretServer(address, token, server.pid)
    finally:
        server.terminate()
        server.wait(10)


def freeze(pid: int, address: str) -> None:
    """Make a server hang, and see that it does: a thread on another core may answer for a while after the signal."""
    os.kill(pid, signal.SIGSTOP)
    with suppress(requests.Timeout):
        while True:
            requests.get(address, timeout=0.2)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, seconds: float = 60) -> None:
    """Wait until the port takes connections; `ConnectionError` when it does not in time."""
    for attempt in Retrying(
        stop=stop_after_delay(seconds), wait=wait_fixed(0.1), retry=retry_if_exception_type(OSError), reraise=True
    ):
        with attempt:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
