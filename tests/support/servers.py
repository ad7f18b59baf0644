"""Real servers for tests, each on a free loopback port, ended with whoever started it."""

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

import hvac
import requests
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

KEYS_OF_A_PAGE = 5
"""Keys of a bucket that an emulated S3 lists at once: every listing has more than one page."""


@contextmanager
def moto_server(name_server: str = "") -> Iterator[str]:
    """An emulated AWS of its own, which proves names at this name server; yields its address, for `aws_access`."""
    port = free_port()
    command = [sys.executable, "-m", "provisioning_assets.sandbox.aws", str(port), *filter(None, [name_server])]
    variables = {**os.environ, "MOTO_S3_DEFAULT_MAX_KEYS": str(KEYS_OF_A_PAGE)}
    server = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def empty_moto(address: str) -> None:
    """Forget everything that an emulated AWS holds."""
    requests.post(f"{address}/moto-api/reset", timeout=30).raise_for_status()


@dataclass(frozen=True, slots=True)
class SecretServer:
    """An OpenBao of a test's own."""

    address: str
    token: str
    pid: int


@contextmanager
def openbao_server() -> Iterator[SecretServer]:
    """An OpenBao in memory, unsealed; its address and its root token."""
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


def empty_openbao(server: SecretServer) -> None:
    """Remove everything that was added to an OpenBao since its start."""
    bao = hvac.Client(url=server.address, token=server.token)
    for path in bao.sys.list_mounted_secrets_engines()["data"].keys() - _MOUNTED_AT_START:
        bao.sys.disable_secrets_engine(path)
    for path in bao.sys.list_auth_methods()["data"].keys() - {"token/"}:
        bao.sys.disable_auth_method(path)
    for name in set(bao.sys.list_policies()["data"]["policies"]) - {"default", "root"}:
        bao.sys.delete_policy(name)


_MOUNTED_AT_START = {"cubbyhole/", "identity/", "secret/", "sys/"}


@contextmanager
def silent_server() -> Iterator[str]:
    """The address of a server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield f"http://127.0.0.1:{silent.getsockname()[1]}"


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
