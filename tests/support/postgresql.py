"""A PostgreSQL of Debian for tests, and a wire before it that breaks when a test says so."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from secrets import token_hex
from threading import Thread
from typing import Any
from uuid import uuid4

import psutil
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from psycopg.sql import SQL, Identifier

from provisioning_assets.backends.access import Access
from provisioning_assets.core.kinds import Kind
from provisioning_assets.sandbox import debian
from provisioning_assets.sandbox.postgresql import OWNER, initialise, server_command
from tests.support.servers import free_port
from tests.support.waiting import wait_until

SCHEMA = "provisioning"
"""Schema of a store in tests, which is the default of its settings."""


@dataclass
class PostgresqlServer:
    """A cluster in a folder of its own, with password log-in."""

    folder: Path
    port: int
    password: str
    tls: bool = False
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it; a test waits for it by what it tests."""
        sockets = {"unix_socket_directories": str(self.folder)}
        command = server_command(self.folder, self.port, **sockets, ssl="on" if self.tls else "off")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=debian.environment("postgresql"), stdout=log, stderr=log, cwd="/"
            )

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT hangs up on everybody, SIGQUIT is a crash."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(how)
        self.process.wait(60)

    def freeze(self) -> None:
        """Let it hang, each session of it."""
        for each in self._all():
            each.suspend()

    def thaw(self) -> None:
        """Let it go on."""
        for each in self._all():
            each.resume()

    def _all(self) -> list[psutil.Process]:
        assert self.process is not None
        first = psutil.Process(self.process.pid)
        return [first, *first.children()]

    def connected(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """A session of the owner, around the product."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=OWNER, password=self.password, dbname=database, autocommit=True
        )

    def database(self) -> str:
        """A new database, which has nothing in it."""
        name = f"d_{uuid4().hex[:12]}"
        with self.connected() as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        return name

    def access(self, database: str, **more: str) -> Access:
        """The access to a database of it, and to nothing else."""
        variables = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": OWNER, "PGPASSWORD": self.password}
        return Access("the test's own", {**variables, "PGDATABASE": database, "PGSSLMODE": "disable", **more})


@contextmanager
def postgresql_server(*, tls: bool = False) -> Iterator[PostgresqlServer]:
    """A PostgreSQL that takes connections; with TLS, `server.crt` in its folder signs itself, for 127.0.0.1."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # not below pytest's folders, which are for root alone
    server = PostgresqlServer(folder, free_port(), token_hex(16), tls)
    try:
        initialise(folder, server.password)
        if tls:
            _certify(folder)
        server.start()
        wait_until(lambda: _answers(server))
        yield server
    finally:
        if server.process is not None:
            server.end(signal.SIGQUIT)
        shutil.rmtree(folder)


def _certify(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "database")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = made.add_extension(here, critical=False).sign(key, hashes.SHA256())
    written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for file, content in (("server.crt", certificate.public_bytes(Encoding.PEM)), ("server.key", written)):
        (folder / file).touch(mode=0o600)
        (folder / file).write_bytes(content)
        if os.geteuid() == 0:
            shutil.chown(folder / file, "nobody", "nogroup")


def _answers(server: PostgresqlServer) -> bool:
    with suppress(psycopg.OperationalError):
        server.connected().close()
        return True
    return False


class Wire:
    """Passes bytes on between a client and the server, and breaks once a statement has gone by that begins so."""

    def __init__(self, listening: socket.socket, server: int) -> None:
        self._listening = listening
        self._server = server
        self.breaks_after = b""
        """What a statement holds after which the wire breaks, once: the server gets it, its answer is lost."""
        self.broken = 0

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listening.getsockname()[1])

    def serve(self) -> None:
        """Take connections until the listening socket is closed."""
        with suppress(OSError), ThreadPoolExecutor(32) as pool:
            while True:
                client, _ = self._listening.accept()
                pool.submit(self._carry, client)

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._server)) as server:
            back = Thread(target=self._pass, args=(server, client))
            back.start()
            self._pass(client, server)
            back.join()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                breaks = self.breaks_after and self.breaks_after in data
                if breaks:
                    self.breaks_after = b""
                    self.broken += 1
                    source.shutdown(socket.SHUT_RDWR)  # the client learns no more
                target.sendall(data)
                if breaks:
                    return  # the server works on it, and answers nobody
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire(server: PostgresqlServer) -> Iterator[Wire]:
    """A wire before the server."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Wire(listening, server.port)
        thread = Thread(target=made.serve)
        thread.start()
        try:
            yield made
        finally:
            listening.shutdown(socket.SHUT_RDWR)


def postgresql_store(request: pytest.FixtureRequest) -> Any:
    """The subject of the laws of stores: a schema of its own."""
    from tests.support.laws import Proven  # noqa: PLC0415 - only the laws need it

    server: PostgresqlServer = request.getfixturevalue("postgresql")

    def at(address: str) -> Access:
        return server.access("postgres", PGPORT=address.rpartition(":")[2])

    settings = {"schema_name": f"s{uuid4().hex[:12]}"}
    return Proven(Kind.STORE, "postgresql", f"http://127.0.0.1:{server.port}", at, settings)
