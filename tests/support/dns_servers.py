"""Real name servers that take dynamic updates: BIND and Knot, with zones prepared and one TSIG key."""

import base64
import secrets
import socket
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.core.kinds import Kind
from provisioning_assets.sandbox import debian
from tests.support.back_ends import opened
from tests.support.servers import free_port, wait_for

ZONES = 200
SIGNED = "signed.test"
"""A zone that the server signs."""
BY_ADDRESS = "by-address.test"
"""A zone that whoever is on this machine may change, without a key."""

KEY = "provisioning"
READER = "reader"
"""A key that may transfer zones and change none."""

_EMPTY = """$TTL 300
@ SOA ns1.servers.test. hostmaster.servers.test. 1 3600 900 604800 60
@ NS ns1.servers.test.
@ NS ns2.servers.test.
"""
_KNOT = """
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
acl:
  - id: ours
    key: {key}
    action: [transfer, update]
  - id: reader
    key: {reader}
    action: transfer
  - id: by-address
    address: 127.0.0.1
    action: [transfer, update]
template:
  - id: default
    storage: {folder}
    file: "%s"
    zonefile-sync: -1
    journal-content: changes
"""


@dataclass(frozen=True)
class NameServer:
    """A primary server of zones that nobody used yet."""

    address: str
    """`host:port`"""
    key_file: Path
    reader_key_file: Path
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
        keys = write_key(folder / KEY, KEY), write_key(folder / READER, READER)
        ours = f"allow-update {{ key {KEY}; }};"
        rules = {
            **dict.fromkeys(_names(), ours),
            SIGNED: f"{ours} dnssec-policy default; inline-signing yes;",
            BY_ADDRESS: "allow-update { 127.0.0.1; }; allow-transfer { 127.0.0.1; };",
        }
        _write_zones(folder, rules)
        zones = [f'zone "{zone}" {{ type primary; file "{zone}"; {rule} }};' for zone, rule in rules.items()]
        options = f"""
            include "{keys[0]}"; include "{keys[1]}";
            controls {{ }};
            options {{
                directory "{folder}"; pid-file none; session-keyfile none; lock-file none;
                listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
                recursion no; notify no; dnssec-validation no;
                allow-transfer {{ key {KEY}; key {READER}; }};
            }};
        """
        (folder / "named.conf").write_text("\n".join([options, *zones]))
        command = ["usr/sbin/named", "-f", "-n", "2", "-c", f"{folder}/named.conf"]
        with _running("bind", command, folder, port):
            yield NameServer(f"127.0.0.1:{port}", *keys, iter(_names()))


@contextmanager
def knot_server() -> Iterator[NameServer]:
    """A Knot of one's own."""
    with TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        secrets = {KEY: new_secret(), READER: new_secret()}
        keys = [write_key(folder / name, name, secret=secret) for name, secret in secrets.items()]
        (folder / "database").mkdir()
        rules = {
            **dict.fromkeys(_names(), "acl: [ours, reader]"),
            SIGNED: "acl: ours\n    dnssec-signing: on",
            BY_ADDRESS: "acl: by-address",
        }
        _write_zones(folder, rules)
        zones = "".join(f"  - domain: {zone}\n    {rule}\n" for zone, rule in rules.items())
        options = _KNOT.format(folder=folder, port=port, key=KEY, reader=READER)
        keys_there = "".join(
            f"  - id: {name}\n    algorithm: hmac-sha256\n    secret: {it}\n" for name, it in secrets.items()
        )
        (folder / "knot.conf").write_text(f"key:\n{keys_there}{options}zone:\n{zones}")
        with _running("knot", ["usr/sbin/knotd", "-c", f"{folder}/knot.conf"], folder, port):
            yield NameServer(f"127.0.0.1:{port}", *keys, iter(_names()))


def open_rfc2136(address: str, key_file: Path | None, key: str | None = KEY, **variables: str) -> Any:
    """The product at one of these servers."""
    named = {"RFC2136_TSIG_FILE": str(key_file)} if key_file else {}
    access = Access("the test's own", {"RFC2136_NAMESERVER": address, **named, **variables})
    return opened(Kind.DNS, "rfc2136", access, server=address, key=key)


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


def _names() -> list[str]:
    return [f"z{number}.test" for number in range(ZONES)]


def _write_zones(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).write_text(_EMPTY, encoding="utf-8")


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
