"""PostgreSQL: conditional writes, each a single statement on one table.

Each write makes up its own version. If the answer is lost, the write is sent again with the same version, and a writer
that finds its version in the table knows that its write was carried out.
"""

from collections.abc import Mapping
from typing import Any, LiteralString, Self
from uuid import uuid4

from psycopg.sql import SQL, Composed, Identifier

from provisioning_assets.backends import postgresql
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.postgresql import Answer, StatementFailed
from provisioning_assets.backends.store.settings import Postgresql
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed

_TABLE = "objects"
_LONGEST = 1024
"""Longest key in bytes: S3's limit, and well below that of an index."""

_NO_SCHEMA, _NO_TABLE = "3F000", "42P01"
_MADE_BY: tuple[LiteralString, ...] = (
    "CREATE SCHEMA IF NOT EXISTS {schema}",
    """CREATE TABLE IF NOT EXISTS {table}
       (key text COLLATE "C" PRIMARY KEY, content bytea NOT NULL, version text NOT NULL)""",
)
"""Keys are ordered by their bytes, as in S3."""


class PostgresqlStore:
    """A table. One that does not exist yet is empty; `prepare` makes it."""

    def __init__(self, schema: str, access: Access) -> None:
        self._schema = schema
        self._access = access

    @classmethod
    def open(cls, settings: Postgresql, access: Access) -> Self:
        """The schema of the settings, in the environment's database."""
        return cls(settings.schema_name, access)

    def reach(self) -> None:
        """Log in."""
        self._server.reach()

    def identity(self) -> Mapping[str, Json]:
        """The cluster, the database and the schema."""
        server = self._server
        return {"cluster": server.cluster(), "database": server.parameters["dbname"], "schema": self._schema}

    def prepare(self) -> None:
        """Create schema and table where they are missing; a role that may not create them can use existing ones."""
        for number, statement in enumerate(_MADE_BY):
            if not self._there()[number]:
                try:
                    self._server.execute(self._named(statement))
                except StatementFailed:
                    if not self._there()[number]:
                        raise  # if it is there now, somebody else created it at the same time

    def read(self, key: str) -> tuple[bytes, str] | None:
        """Content and version."""
        rows = self._look("SELECT content, version FROM {table} WHERE key = %s", _checked(key))
        return (rows[0][0], rows[0][1]) if rows else None

    def versions(self, prefix: str, *, after: str = "") -> dict[str, str]:
        """Version of each key with the prefix, in the order of their bytes."""
        query = "SELECT key, version FROM {table} WHERE starts_with(key, %s) AND key > %s ORDER BY key"
        return dict(self._look(query, prefix, after))

    def create(self, key: str, content: bytes) -> bool:
        """Insert if absent."""
        version = uuid4().hex
        statement = "INSERT INTO {table} VALUES (%s, %s, %s) ON CONFLICT (key) DO NOTHING"
        return self._is_ours(self._write(statement, _checked(key), content, version), key, version)

    def replace(self, key: str, content: bytes, *, version: str) -> bool:
        """Update if the version is still this one."""
        new = uuid4().hex
        statement = "UPDATE {table} SET content = %s, version = %s WHERE key = %s AND version = %s"
        return self._is_ours(self._write(statement, content, new, _checked(key), version), key, new)

    def delete(self, key: str, *, version: str) -> bool:
        """Delete if the version is still this one."""
        done = self._write("DELETE FROM {table} WHERE key = %s AND version = %s", _checked(key), version)
        # If it is gone after a repetition, the first attempt deleted it and its answer was lost.
        return done.count == 1 or (done.repeated and self.read(key) is None)

    def _is_ours(self, done: Answer, key: str, version: str) -> bool:
        if done.count == 1:
            return True
        found = self.read(key) if done.repeated else None
        return found is not None and found[1] == version

    def _look(self, query: LiteralString, *values: str) -> list[tuple[Any, ...]]:
        try:
            return self._server.execute(self._named(query), *values).rows
        except StatementFailed as failed:
            if failed.code in {_NO_SCHEMA, _NO_TABLE}:
                return []
            raise

    def _write(self, statement: LiteralString, *values: str | bytes) -> Answer:
        try:
            return self._server.execute(self._named(statement), *values)
        except StatementFailed as failed:
            if failed.code not in {_NO_SCHEMA, _NO_TABLE}:
                raise
            raise ProviderFailed(
                "the table of the record does not exist",
                where=f"{failed.where}, {self._schema}.{_TABLE}",
                cause=failed.cause,
                remedy="an apply makes it; if one did, check who dropped it and which database the profile names",
            ) from None

    def _there(self) -> tuple[bool, bool]:
        """Whether the schema exists, and the table; the query needs no permission on either."""
        query = (
            "SELECT count(*) > 0, count(relname) > 0 FROM pg_namespace"
            " LEFT JOIN pg_class ON relnamespace = pg_namespace.oid AND relname = %s WHERE nspname = %s"
        )
        schema, table = self._server.execute(query, _TABLE, self._schema).rows[0]
        return schema, table

    def _named(self, statement: LiteralString) -> Composed:
        names = {"schema": Identifier(self._schema), "table": Identifier(self._schema, _TABLE)}
        return SQL(statement).format(**names)

    @property
    def _server(self) -> postgresql.Server:
        return postgresql.of(self._access)


def _checked(key: str) -> str:
    """The key; `ProviderFailed` for one that PostgreSQL cannot hold."""
    try:
        fits = 0 < len(key.encode()) <= _LONGEST and "\0" not in key
    except UnicodeEncodeError:
        fits = False
    if not fits:
        raise ProviderFailed(
            f"PostgreSQL cannot hold the key {key[:80]!r}",
            cause=f"a key is text of at most {_LONGEST} bytes, without NUL",
        )
    return key
