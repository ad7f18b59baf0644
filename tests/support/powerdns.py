"""A PowerDNS of Debian for tests, with an API, a database in a file, and a resolver for its ALIAS records: itself."""

import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import requests

from provisioning_assets.backends.access import Access
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Attributes
from provisioning_assets.sandbox import debian
from tests.support.back_ends import opened
from tests.support.dns_zones import unused_name
from tests.support.servers import free_port, freeze, wait_for

NAME_SERVERS = ("ns1.servers.test.", "ns2.servers.test.")


def one(zone: str, name: str, *values: str, kind: str = "A") -> dict[str, Attributes]:
    """An RRset as the product shows it."""
    return {f"{name}.{zone} {kind}": {"ttl": 60, "values": list(values)}}


@dataclass
class PowerDnsServer:
    """A server whose zones a test makes."""

    folder: Path
    address: str
    """Of its API."""
    port: int
    """At which it answers questions."""
    key: str
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        api = self.address.rpartition(":")[2]
        modules = next(debian.folder("powerdns").glob("usr/lib/*-linux-gnu/pdns"))
        settings = {
            "config-dir": self.folder, "socket-dir": self.folder, "module-dir": modules,
            "launch": "gsqlite3", "gsqlite3-database": self.folder / "zones", "gsqlite3-pragma-synchronous": 0,
            "local-address": "127.0.0.1", "local-port": self.port, "receiver-threads": 1, "distributor-threads": 1,
            "expand-alias": "yes", "resolver": f"127.0.0.1:{self.port}", "security-poll-suffix": "",
            "api": "yes", "api-key": self.key, "webserver": "yes", "webserver-loglevel": "none",
            "webserver-address": "127.0.0.1", "webserver-port": api,
            "daemon": "no", "guardian": "no", "disable-syslog": "yes",
        }  # fmt: skip
        program = debian.folder("powerdns") / "usr/sbin/pdns_server"
        command = [str(program), *(f"--{name}={value}" for name, value in settings.items())]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, env=debian.environment("powerdns"), stdout=log, stderr=log)
        try:
            wait_for(int(api), 20)
            wait_for(self.port, 20)
        except ConnectionError:
            raise AssertionError(f"PowerDNS does not start:\n{(self.folder / 'log').read_text()}") from None

    def end(self) -> None:
        """End it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it hang."""
        assert self.process is not None
        freeze(self.process.pid, self.address)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def ask(self, method: str, path: str, **document: Any) -> Any:
        """What its API answers, around the product."""
        url = f"{self.address}/api/v1/servers/localhost/{path}"
        answer = requests.request(method, url, json=document or None, headers={"X-API-Key": self.key}, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def zone(self) -> str:
        """An empty zone of a test's own."""
        name = unused_name()
        self.ask("POST", "zones", name=f"{name}.", kind="Native", nameservers=NAME_SERVERS)
        return name

    def rrsets(self, zone: str) -> dict[str, Any]:
        """Address to RRset, as the server has them."""
        found = self.ask("GET", f"zones/{zone}.")["rrsets"]
        return {f"{each['name'].rstrip('.')} {each['type']}": each for each in found}

    def put(self, zone: str, address: str, *contents: str, **more: Any) -> None:
        """Somebody else's RRset. Records that begin with `!` are disabled."""
        name, _, kind = address.rpartition(" ")
        records = [{"content": each.lstrip("!"), "disabled": each.startswith("!")} for each in contents]
        rrset = {"name": f"{name}.", "type": kind, "ttl": 60, "changetype": "REPLACE", "records": records, **more}
        self.ask("PATCH", f"zones/{zone}.", rrsets=[rrset])

    def access(self, **more: str) -> Access:
        """The access to it, and to nothing else."""
        return Access("the test's own", {"PDNS_SERVER_URL": self.address, "PDNS_API_KEY": self.key, **more})

    def open(self, **more: str) -> Any:
        """The product, with this access."""
        return opened(Kind.DNS, "powerdns", self.access(**more))


@pytest.fixture(scope="session")
def powerdns() -> Iterator[PowerDnsServer]:
    """A PowerDNS that tests share, each with a zone of its own."""
    with powerdns_server() as server:
        yield server


@contextmanager
def powerdns_server() -> Iterator[PowerDnsServer]:
    """A PowerDNS of one's own."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        schema = debian.folder("powerdns") / "usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
        database = sqlite3.connect(folder / "zones")
        database.executescript(schema.read_text())
        database.close()
        server = PowerDnsServer(folder, f"http://127.0.0.1:{free_port()}", free_port(), token_hex(16))
        server.start()
        try:
            yield server
        finally:
            server.end()
