"""PostgreSQL: one database, reached with one environment's access. Its errors become ours.

Connections are kept, since a new one costs a hundred times as much as a statement. If the connection is lost, the
statement is sent again: a caller that writes must be able to tell whether the first one was carried out.
"""

import os
import re
import socket
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, LiteralString
from weakref import WeakKeyDictionary

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import Composed

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.libpq import NAME, parameters
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ProviderFailed, ProvisioningError, Unreachable

Statement = LiteralString | Composed
Connection = psycopg.Connection[tuple[Any, ...]]

_PATIENCE = 20.0
"""Seconds that a restarted server gets to come back."""
_EVERY = 0.25
_SERVER_LIMIT, _LIMIT = 8, 10
"""Seconds after which the server cancels a statement, and after which we hang up on a server that does not."""

_BEGIN = """
SELECT set_config('statement_timeout', %s, false),
       set_config('synchronous_commit', CASE how WHEN 'off' THEN 'on' ELSE how END, false)
FROM current_setting('synchronous_commit') AS how
"""
"""Statements return after their writes are on the disk, whatever the server's default is."""

_PASSING = re.compile(r"08...|40001|40P01|57P0.|25006|53300")
"""Codes of errors that pass when a server has restarted, or another one has taken over.

https://www.postgresql.org/docs/current/errcodes-appendix.html
"""
_WORDS_OF_A_SERVER = re.compile(r"failed: \S+:  |invalid |password|SSL|certificate|session is (not )?read-only")
"""How to recognise a server's own message: it has two spaces after its severity, in every language."""
_STARTS_OR_ENDS = "the database system is"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement returned."""

    rows: list[tuple[Any, ...]]
    count: int
    repeated: bool
    """It was sent more than once, so only a look shows what the first attempt did."""


class StatementFailed(ProviderFailed):
    """The server refused a statement; `code` is its SQLSTATE."""

    def __init__(self, code: str, what: str, *, where: str, cause: str, remedy: str) -> None:
        self.code = code
        super().__init__(what, where=where, cause=cause, remedy=remedy)


@dataclass(frozen=True, slots=True)
class _Failure:
    """An attempt that failed. It is not an exception, because that would hold the password in its context."""

    error: ProvisioningError
    passing: bool


@dataclass(eq=False)
class Server:
    """One database as one role, for any number of threads."""

    parameters: dict[str, str] = field(repr=False)
    _idle: list[Connection] = field(default_factory=list, init=False, repr=False)
    _known: bool = field(default=False, init=False)
    """A log-in with these parameters has succeeded, so a refusal means that the server is starting or stopping."""

    def __post_init__(self) -> None:
        weakref.finalize(self, _close, self._idle)

    @property
    def address(self) -> str:
        """`host:port/database`."""
        return "{host}:{port}/{dbname}".format_map(self.parameters)

    def reach(self) -> None:
        """Log in; `Unreachable` within five seconds."""
        begun = self._begun()
        if isinstance(begun, _Failure):
            raise begun.error
        _close(self._idle)  # unlike the new one, they may be broken
        self._idle.append(begun)

    def cluster(self) -> str:
        """Identity of the database's cluster, which its copies and standbys share."""
        return str(self.execute("SELECT system_identifier FROM pg_control_system()").rows[0][0])

    def execute(self, statement: Statement, *values: Any) -> Answer:
        """Run one statement as a transaction of its own; wait for a server that is being restarted."""
        tries = 0

        def attempt() -> Answer | _Failure:
            nonlocal tries
            tries += 1
            return self._attempt(statement, values, repeated=tries > 1)

        answer = settle(attempt, done=lambda a: isinstance(a, Answer) or not a.passing, within=_PATIENCE, every=_EVERY)
        if isinstance(answer, _Failure):
            raise answer.error
        return answer

    def _attempt(self, statement: Statement, values: tuple[Any, ...], *, repeated: bool) -> Answer | _Failure:
        connection = self._kept() or self._begun()
        if isinstance(connection, _Failure):
            return connection
        try:
            with _hanging_up(connection, _LIMIT):
                cursor = connection.execute(statement, values, binary=True)
                answer = Answer(cursor.fetchall() if cursor.description else [], cursor.rowcount, repeated)
        except psycopg.Error as error:
            lost = connection.closed or bool(_PASSING.fullmatch(error.sqlstate or ""))
            connection.close()
            if lost:
                _close(self._idle)  # they lead to the same server
                return _Failure(self._unreachable(error), passing=True)
            return _Failure(self._refused(error), passing=False)
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return answer

    def _kept(self) -> Connection | None:
        with suppress(IndexError):  # another thread may have taken the last one
            return self._idle.pop()
        return None

    def _begun(self) -> Connection | _Failure:
        """A new connection."""
        connection = None
        try:
            connection = psycopg.connect(make_conninfo(**self.parameters), autocommit=True, prepare_threshold=None)
            with _hanging_up(connection, 1.5):
                connection.execute(_BEGIN, [f"{_SERVER_LIMIT}s"])
        except psycopg.Error as error:
            if connection is not None:
                connection.close()
            return self._not_let_in(error)
        self._known = True
        return connection

    def _not_let_in(self, error: psycopg.Error) -> _Failure:
        text = self._said(error)
        answered = error.sqlstate or _WORDS_OF_A_SERVER.search(text)
        if _STARTS_OR_ENDS in text or not answered:
            return _Failure(self._unreachable(error), passing=True)
        failed = ProviderFailed(
            f"{NAME} does not let us in",
            where=self.address,
            cause=text,
            remedy="check PGUSER, PGPASSWORD, PGDATABASE and PGSSLMODE of the environment's profile; "
            "the database must exist",
        )
        return _Failure(failed, passing=self._known)

    def _unreachable(self, error: psycopg.Error) -> Unreachable:
        return Unreachable(
            NAME,
            self.address,
            cause=self._said(error),
            remedy="check the network, and PGHOST and PGPORT of the environment's profile, or start the server there",
        )

    def _refused(self, error: psycopg.Error) -> StatementFailed:
        return StatementFailed(
            error.sqlstate or "",
            f"{NAME} refused a statement",
            where=self.address,
            cause=self._said(error),
            remedy=f"grant {self.parameters['user']} what is missing, or have its schema mended",
        )

    def _said(self, error: psycopg.Error) -> str:
        """Only the message, because a psycopg error holds the password."""
        lines = (error.diag.message_primary or str(error) or type(error).__name__).splitlines()
        text = " ".join(line.strip() for line in lines)
        password = self.parameters["password"]
        return text.replace(password, "***") if password else text


def of(access: Access) -> Server:
    """The database of an access. All its users share one set of connections, which ends with the access."""
    with _finding:
        if access not in _found:
            _found[access] = Server(parameters(access))
        return _found[access]


@contextmanager
def _hanging_up(connection: Connection, seconds: float) -> Iterator[None]:
    """Hang up on a server that accepts a statement and never answers: libpq would wait for ever."""
    with socket.socket(fileno=os.dup(connection.fileno())) as wire:
        timer = threading.Timer(seconds, _hang_up, [wire])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _hang_up(wire: socket.socket) -> None:
    with suppress(OSError):  # already closed
        wire.shutdown(socket.SHUT_RDWR)


def _close(connections: list[Connection]) -> None:
    while connections:
        with suppress(IndexError):  # another thread took the last one
            connections.pop().close()


_found: "WeakKeyDictionary[Access, Server]" = WeakKeyDictionary()
_finding = threading.Lock()
