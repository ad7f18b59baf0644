"""Terraform's state in PostgreSQL: a schema for each stage, and a lock that ends with its session."""

import json
import os
import signal
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import QUIET, Engine, Listener, StageRoot, StateLocked
from provisioning_assets.backends.infrastructure.terraform.state import state_of
from provisioning_assets.backends.libpq import introduction
from provisioning_assets.backends.store.settings import S3, Postgresql
from provisioning_assets.core.plan import Action
from provisioning_assets.errors import ProviderFailed, Unreachable
from tests.support.postgresql import PostgresqlServer
from tests.support.servers import free_port
from tests.support.terraform_stage import terraform
from tests.support.waiting import wait_until

ROOT = """
terraform {
  backend "pg" {}
}

variable "command" {
  type    = string
  default = "true"
}

resource "terraform_data" "job" {
  triggers_replace = var.command

  provisioner "local-exec" {
    command = var.command
  }
}

output "contract" {
  value = { command = terraform_data.job.triggers_replace }
}
"""


@pytest.fixture
def engine(access: Access) -> Engine:
    return terraform(access)


@pytest.fixture
def stage(tmp_path: Path) -> StageRoot:
    root = tmp_path / "root"
    root.mkdir()
    (root / "main.tf").write_text(ROOT)
    return StageRoot("small", root, tmp_path / "work", "shop/staging", Postgresql(), {}, {})


def bring_up(engine: Engine, stage: StageRoot, listener: Listener = QUIET) -> None:
    engine.apply(stage, engine.plan(stage, listener), listener)


def held_by_somebody(
    postgresql: PostgresqlServer, access: Access, lock: int, who: str
) -> "psycopg.Connection[tuple[object, ...]]":
    """A session that works on the state, as a Terraform's."""
    session = postgresql.connected(access.get("PGDATABASE"))
    session.execute("SELECT set_config('application_name', %s, false), pg_advisory_lock(%s)", [who, lock])
    return session


def lock_of(postgresql: PostgresqlServer, access: Access, stage: StageRoot) -> int:
    schema = state_of(stage, access).backend["schema_name"]
    with postgresql.connected(access.get("PGDATABASE")) as session:
        found = session.execute(SQL("SELECT id FROM {}.states").format(Identifier(schema))).fetchone()
    assert found is not None
    return int(str(found[0]))


def test_a_stage_comes_up_and_then_there_is_nothing_to_do(engine: Engine, stage: StageRoot) -> None:
    assert engine.state_id(stage) is None
    plan = engine.plan(stage, QUIET)
    assert [change.action for change in plan.changes] == [Action.CREATE]
    assert engine.state_id(stage) is None

    engine.apply(stage, plan, QUIET)

    assert engine.plan(stage, QUIET).empty
    assert engine.outputs(stage) == {"command": "true"}
    state = engine.state_id(stage)
    bring_up(engine, replace(stage, variables={"command": "true;"}))
    assert engine.outputs(stage) == {"command": "true;"}
    assert engine.state_id(stage) == state is not None


def test_each_stage_has_a_state_of_its_own(engine: Engine, stage: StageRoot, tmp_path: Path) -> None:
    other = replace(stage, name="other", workdir=tmp_path / "other")
    bring_up(engine, stage)

    assert engine.state_id(other) is None
    bring_up(engine, other)

    assert engine.state_id(other) not in {None, engine.state_id(stage)}


def test_names_of_schemas_fit_and_differ(access: Access, stage: StageRoot) -> None:
    prefixes = ("a-b/c", "a_b/c", "A/b/c", "e" * 80 + "/c", "f" + "e" * 80 + "/c")

    schemas = [state_of(replace(stage, prefix=prefix), access).backend["schema_name"] for prefix in prefixes]

    assert len(set(schemas)) == len(prefixes)
    assert all(len(name) <= 63 and name.isidentifier() for name in schemas)


def test_nothing_that_opens_the_database_is_left_in_files(
    engine: Engine, stage: StageRoot, postgresql: PostgresqlServer
) -> None:
    engine.plan(stage, QUIET)

    files = [file for file in stage.workdir.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if postgresql.password.encode() in file.read_bytes()]


def test_a_lock_names_the_session_that_holds_it(
    postgresql: PostgresqlServer, access: Access, engine: Engine, stage: StageRoot
) -> None:
    bring_up(engine, stage)
    lock = lock_of(postgresql, access, stage)

    with held_by_somebody(postgresql, access, lock, "terraform@elsewhere"), pytest.raises(StateLocked) as caught:
        engine.plan(stage, QUIET)

    assert caught.value.host == "elsewhere"
    assert caught.value.created is not None
    assert abs(datetime.now(UTC) - caught.value.created) < timedelta(minutes=1)
    assert "pg_terminate_backend" in caught.value.remedy


def test_the_lock_of_a_first_apply_is_a_lock(
    postgresql: PostgresqlServer, access: Access, engine: Engine, stage: StageRoot
) -> None:
    with held_by_somebody(postgresql, access, -1, "terraform@elsewhere"), pytest.raises(StateLocked) as caught:
        engine.plan(stage, QUIET)
    assert caught.value.host == "elsewhere"


def test_a_lock_of_another_database_is_none(
    postgresql: PostgresqlServer, access: Access, engine: Engine, stage: StageRoot
) -> None:
    with held_by_somebody(postgresql, postgresql.access(postgresql.database()), -1, "terraform@elsewhere"):
        bring_up(engine, stage)


def test_a_session_that_a_dead_run_left_is_ended(
    postgresql: PostgresqlServer, access: Access, engine: Engine, stage: StageRoot
) -> None:
    bring_up(engine, stage)
    left = held_by_somebody(postgresql, access, lock_of(postgresql, access, stage), introduction("terraform"))
    with pytest.raises(StateLocked) as caught:
        engine.plan(stage, QUIET)

    engine.unlock(stage, "another's")
    assert not left.closed
    left.execute("SELECT 1")
    engine.unlock(stage, caught.value.lock_id)

    assert engine.plan(stage, QUIET).empty
    with pytest.raises(psycopg.OperationalError):
        left.execute("SELECT 1")
    left.close()


def test_a_killed_terraform_leaves_no_lock(access: Access, engine: Engine, stage: StageRoot, tmp_path: Path) -> None:
    bring_up(engine, stage)
    slow = replace(stage, variables={"command": f"touch {tmp_path}/begun; sleep 60"})
    pids: list[int] = []
    plan = engine.plan(slow, QUIET)
    failures: list[ProviderFailed] = []

    def apply() -> None:
        try:
            engine.apply(slow, plan, Listener(lambda _line: None, pids.append))
        except ProviderFailed as error:
            failures.append(error)

    working = threading.Thread(target=apply)
    working.start()
    wait_until((tmp_path / "begun").exists)
    lock = state_of(stage, access).lock_id()
    with pytest.raises(StateLocked) as caught:
        engine.plan(replace(stage, workdir=tmp_path / "second"), QUIET)
    os.killpg(pids[-1], signal.SIGKILL)
    working.join(10)

    assert lock == caught.value.lock_id
    assert f"terraform@{caught.value.host}" == introduction("terraform")
    assert failures
    wait_until(lambda: state_of(stage, access).lock_id() is None)
    assert not terraform(access).plan(slow, QUIET).empty


@pytest.mark.parametrize(
    ("file", "code", "line"),
    [
        ("main.tf", 'terraform {\n  required_version = ">= 1"\n  backend "s3" {}\n}\n', 3),
        ("main.tf", 'terraform {\n  cloud {\n    organization = "shop"\n  }\n}\n', 2),
        ("main.tf.json", json.dumps({"terraform": {"backend": {"s3": {}}}}, indent=1), 3),
    ],
)
def test_a_root_of_another_backend_is_told_by_its_line(
    engine: Engine, stage: StageRoot, file: str, code: str, line: int
) -> None:
    (stage.root / "main.tf").unlink()
    (stage.root / file).write_text(code)

    with pytest.raises(ProviderFailed) as caught:
        engine.plan(stage, QUIET)

    assert caught.value.where == f"{stage.root / file}:{line}"
    assert '"pg"' in caught.value.remedy
    assert not (stage.workdir / "data").exists()


def test_a_root_without_a_backend_keeps_no_state_on_this_machine(engine: Engine, stage: StageRoot) -> None:
    (stage.root / "main.tf").write_text('output "contract" {\n  value = {}\n}\n')

    with pytest.raises(ProviderFailed) as caught:
        engine.plan(stage, QUIET)

    assert caught.value.where == str(stage.root)


def test_a_root_for_postgresql_does_not_keep_its_state_in_s3(engine: Engine, stage: StageRoot) -> None:
    with pytest.raises(ProviderFailed) as caught:
        engine.plan(replace(stage, state=S3(bucket="shop-state")), QUIET)
    assert caught.value.where == f"{stage.root / 'main.tf'}:3"


def test_a_database_that_is_away_is_told_before_terraform_starts(
    postgresql: PostgresqlServer, stage: StageRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning_assets.backends.postgresql._PATIENCE", 1)
    engine = terraform(postgresql.access("shop", PGPORT=str(free_port())))

    with pytest.raises(Unreachable):
        engine.plan(stage, QUIET)
