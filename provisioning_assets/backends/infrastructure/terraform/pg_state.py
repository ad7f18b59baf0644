"""Terraform's `pg` backend: a state is a row, and its lock is an advisory lock of the session that uses it.

https://developer.hashicorp.com/terraform/language/backend/pg
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg.sql import SQL, Identifier

from provisioning_assets.backends import postgresql
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import StageRoot, StateLocked
from provisioning_assets.backends.infrastructure.terraform import root
from provisioning_assets.backends.infrastructure.terraform.program import Program
from provisioning_assets.backends.libpq import introduction
from provisioning_assets.backends.postgresql import StatementFailed
from provisioning_assets.core.settle import settle

_ABSENT = {"3F000", "42P01"}
_LONGEST = 63
"""Longest identifier, in characters."""
_CREATION = -1
"""Number of the lock that a session takes to write the first state of any stage in the database."""
_WAIT = 10.0

_HOLDER: LiteralString = """
SELECT pid, application_name, backend_start FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (classid::bigint << 32 | objid::bigint) = ANY(%s)
ORDER BY backend_start
"""


@dataclass(frozen=True, slots=True)
class _Session:
    """A database session that holds the lock."""

    pid: int
    who: str
    since: datetime | None
    """When it began; None if our role may not see the sessions of its role."""

    @property
    def id(self) -> str:
        """An ID that no other session has; a process ID alone may be reused."""
        return f"{self.pid}-{self.since.timestamp():.6f}" if self.since else f"{self.pid}"


class PgState:
    """The state row of a stage. Each stage has its own schema, since Terraform's table has one row per workspace."""

    kind = "pg"

    def __init__(self, stage: StageRoot, access: Access, program: Program) -> None:
        self._access = access
        self._stage = stage.name
        self._schema = _schema(str(stage.state.model_dump()["schema_name"]), root.state_key(stage))
        self.backend: Mapping[str, str] = {"schema_name": self._schema}
        # The access's PG* variables lead Terraform to the database; the name marks its sessions as ours.
        self.variables: Mapping[str, str] = {"PGAPPNAME": introduction(program.command)}

    @property
    def name(self) -> str:
        """Database and schema."""
        return f"{self._server.address}, schema {self._schema}"

    def content(self) -> bytes | None:
        """The row of our workspace."""
        rows = self._rows("SELECT data FROM {}.states WHERE name = 'default'")
        return rows[0][0].encode() if rows else None

    def lock(self) -> bytes | None:
        """The session that holds the lock on the state."""
        found = self._holder()
        return None if found is None else json.dumps({"ID": found.id, "Who": found.who}).encode()

    def require(self) -> None:
        """Require that the database answers; Terraform creates the schema."""
        self._server.execute("SELECT 1")

    def locked(self, told: StateLocked) -> StateLocked:
        """The error with the true holder: Terraform names the session that asks, not the one that has the lock."""
        found = self._holder()
        if found is None:
            return told  # released in the meantime
        since = f"{found.since:%Y-%m-%d %H:%M:%S %Z}" if found.since else "?"
        holder = f"{found.who}, session {found.pid} since {since}, lock {found.id}"
        host = found.who.rpartition("@")[2]
        locked = StateLocked(self._stage, holder, lock_id=found.id, host=host, created=found.since)
        end = f"SELECT pg_terminate_backend({found.pid})"
        locked.remedy = f"wait for that run; if it is gone for good, end its session in the database: {end}"
        return locked

    def unlock(self, lock_id: str) -> bool:
        """End the session that holds the lock, since `terraform force-unlock` does nothing here."""
        found = self._holder()
        if found and found.id == lock_id:
            self._server.execute("SELECT pg_terminate_backend(%s::int)", found.pid)
            settle(self.lock, done=lambda held: held is None, within=_WAIT, every=0.2)
        return True

    def _holder(self) -> "_Session | None":
        row = self._rows("SELECT id FROM {}.states WHERE name = 'default'")
        found = self._server.execute(_HOLDER, [_CREATION, *(each[0] for each in row)]).rows
        return _Session(*found[0]) if found else None

    def _rows(self, query: LiteralString) -> list[tuple[Any, ...]]:
        try:
            return self._server.execute(SQL(query).format(Identifier(self._schema))).rows
        except StatementFailed as failed:
            if failed.code in _ABSENT:
                return []
            raise

    @property
    def _server(self) -> postgresql.Server:
        return postgresql.of(self._access)


def _schema(prefix: str, key: str) -> str:
    """A recognisable schema name that no other key has, such as `provisioning_tf_shop_staging_compute_1a2b3c4d5e`."""
    plain = re.sub(r"\W+", "_", key.removesuffix(".tfstate").replace("/terraform/", "/"), flags=re.ASCII).lower()
    end = hashlib.sha256(key.encode()).hexdigest()[:10]
    room = _LONGEST - len(f"{prefix}_tf__{end}")
    return f"{prefix}_tf_{plain[-room:].lstrip('_')}_{end}"
