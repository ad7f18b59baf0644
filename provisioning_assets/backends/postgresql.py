"""PostgreSQL: one database, reached with one environment's access; its errors in our words.

Connections are kept, since a new one costs a hundred times as much as a statement. A statement whose connection is
lost is sent again: whoever writes must be able to tell whether the first one was carried out.
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
"""Seconds in which a server that was restarted may come back."""
_EVERY = 0.25
_SERVER_LIMIT, _LIMIT = 8, 10
"""Seconds after which the server ends a statement, and we hang up on a server that did not."""

_BEGIN = """
SELECT set_config('statement_timeout', %s, false),
       set_config('synchronous_commit', CASE how WHEN 'off' THEN 'on' ELSE how END, false)
FROM current_setting('synchronous_commit') AS how
"""
"""What is written is on the disk when a statement returns, whatever the server's default is."""

_PASSING = re.compile(r"08...|40001|40P01|57P0.|25006|53300")
"""Codes of what passes with a restart, or when another server takes over.

https://www.postgresql.org/docs/current/errcodes-appendix.html
"""
_WORDS_OF_A_SERVER = re.compile(r"failed: \S+:  |invalid |password|SSL|certificate|session is (not )?read-only")
"""A server's own message has two spaces after its severity, in every language."""
_STARTS_OR_ENDS = "the database system is"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement returned."""

    rows: list[tuple[Any, ...]]
    count: int
    repeated: bool
    """It was sent more than once: what the first one did is known only by looking."""


class StatementFailed(ProviderFailed):
    """The server refused a statement; `code` is its SQLSTATE."""

    def __init__(self, code: str, what: str, *, where: str, cause: str, remedy: str) -> None:
        self.code = code
        super().__init__(what, where=where, cause=cause, remedy=remedy)


@dataclass(frozen=True, slots=True)
class _Failure:
    """An attempt that failed. It is no exception, whose context would hold the password."""

    error: ProvisioningError
    passing: bool


@dataclass(eq=False)
class Server:
    """One database as one role, for any number of threads."""

    parameters: dict[str, str] = field(repr=False)
    _idle: list[Connection] = field(default_factory=list, init=False, repr=False)
    _known: bool = field(default=False, init=False)
    """Somebody got in with these parameters: a refusal is a server that starts or ends."""

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
        _close(self._idle)  # this one is known to work
        self._idle.append(begun)

    def cluster(self) -> str:
        """Identity of the cluster that the database is in: copies and standbys of it have the same."""
        return str(self.execute("SELECT system_identifier FROM pg_control_system()").rows[0][0])

    def execute(self, statement: Statement, *values: Any) -> Answer:
        """Run one statement, which is a transaction of its own; wait for a server that is being restarted."""
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
                _close(self._idle)  # they went to the same server
                return _Failure(self._unreachable(error), passing=True)
            return _Failure(self._refused(error), passing=False)
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return answer

    def _kept(self) -> Connection | None:
        with suppress(IndexError):  # other threads take them, too
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
        """The message alone: an error of psycopg holds the password."""
        lines = (error.diag.message_primary or str(error) or type(error).__name__).splitlines()
        text = " ".join(line.strip() for line in lines)
        password = self.parameters["password"]
        return text.replace(password, "***") if password else text


def of(access: Access) -> Server:
    """The database of an access: one set of connections, whoever uses it. They end with the access."""
    with _finding:
        if access not in _found:
            _found[access] = Server(parameters(access))
        return _found[access]


@contextmanager
def _hanging_up(connection: Connection, seconds: float) -> Iterator[None]:
    """Hang up on a server that takes a statement and says nothing: libpq would wait for ever."""
    with socket.socket(fileno=os.dup(connection.fileno())) as wire:
        timer = threading.Timer(seconds, _hang_up, [wire])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _hang_up(wire: socket.socket) -> None:
    with suppress(OSError):  # it ended meanwhile
        wire.shutdown(socket.SHUT_RDWR)


def _close(connections: list[Connection]) -> None:
    while connections:
        with suppress(IndexError):  # another thread took the last one
            connections.pop().close()


_found: "WeakKeyDictionary[Access, Server]" = WeakKeyDictionary()
_finding = threading.Lock()
