"""Real name servers that take dynamic updates: BIND and Knot, with zones prepared and one TSIG key."""

import base64
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support import debian
from tests.support.servers import free_port, wait_for

ZONES = 200
KEY = "provisioning"

_EMPTY = """$TTL 300
@ SOA ns1.servers.test. hostmaster.servers.test. 1 3600 900 604800 60
@ NS ns1.servers.test.
@ NS ns2.servers.test.
"""


@dataclass(frozen=True)
class NameServer:
    """A primary server of zones that nobody used yet."""

    address: str
    """`host:port`"""
    key_file: Path
    unused: Iterator[str] = field(repr=False)

    def zone(self) -> str:
        """An empty zone of a test's own."""
        return next(self.unused)


@pytest.fixture(scope="session")
def bind() -> Iterator[NameServer]:
    """BIND."""
    with bind_server() as server:
        yield server


@pytest.fixture(scope="session")
def knot() -> Iterator[NameServer]:
    """Knot DNS."""
    with knot_server() as server:
        yield server


@contextmanager
def bind_server() -> Iterator[NameServer]:
    """A BIND of one's own."""
    with TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        key_file = write_key(folder / "key")
        zones = "".join(
            f'zone "{zone}" {{ type primary; file "{zone}"; allow-update {{ key {KEY}; }}; }};\n'
            for zone in _zones(folder)
        )
        (folder / "named.conf").write_text(f"""
            include "{key_file}";
            controls {{ }};
            options {{
                directory "{folder}"; pid-file none; session-keyfile none; lock-file none;
                listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
                recursion no; notify no; dnssec-validation no; allow-transfer {{ key {KEY}; }};
            }};
            {zones}
        """)
        command = ["usr/sbin/named", "-f", "-n", "2", "-c", f"{folder}/named.conf"]
        with _running("bind", command, folder, port):
            yield NameServer(f"127.0.0.1:{port}", key_file, _unused())


@contextmanager
def knot_server() -> Iterator[NameServer]:
    """A Knot of one's own."""
    with TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        key_file, secret = folder / "key", new_secret()
        write_key(key_file, secret=secret)
        (folder / "database").mkdir()
        zones = "".join(f"  - domain: {zone}\n" for zone in _zones(folder))
        (folder / "knot.conf").write_text(f"""
server:
  rundir: {folder}
  listen: 127.0.0.1@{port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: {folder}/database
log:
  - target: stderr
    any: error
key:
  - id: {KEY}
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: ours
    key: {KEY}
    action: [transfer, update]
template:
  - id: default
    storage: {folder}
    file: "%s"
    zonefile-sync: -1
    journal-content: changes
    acl: ours
zone:
{zones}""")
        with _running("knot", ["usr/sbin/knotd", "-c", f"{folder}/knot.conf"], folder, port):
            yield NameServer(f"127.0.0.1:{port}", key_file, _unused())


@contextmanager
def silent() -> Iterator[str]:
    """`host:port` of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def new_secret() -> str:
    """The secret of a TSIG key."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def write_key(file: Path, name: str = KEY, algorithm: str = "hmac-sha256", secret: str = "") -> Path:
    """A key file as tsig-keygen writes it."""
    file.write_text(
        f'key "{name}" {{\n\talgorithm {algorithm};\n\tsecret "{secret or new_secret()}";\n}};\n', encoding="utf-8"
    )
    file.chmod(0o600)
    return file


def _zones(folder: Path) -> list[str]:
    zones = [f"z{number}.test" for number in range(ZONES)]
    for zone in zones:
        (folder / zone).write_text(_EMPTY, encoding="utf-8")
    return zones


def _unused() -> Iterator[str]:
    return (f"z{number}.test" for number in range(ZONES))


@contextmanager
def _running(server: str, command: list[str], folder: Path, port: int) -> Iterator[None]:
    program, log = debian.folder(server) / command[0], folder / "log"
    with log.open("w") as opened:
        process = subprocess.Popen(
            [str(program), *command[1:]], env=debian.environment(server), stdout=opened, stderr=opened
        )
    try:
        wait_for(port, 20)
        yield
    except ConnectionError:
        raise AssertionError(f"{server} does not start:\n{log.read_text()}") from None
    finally:
        process.terminate()
        process.wait(10)
