"""PostgreSQL as a store is reached: by an environment's access alone, in time, and never in the clear."""

import os
import time
from pathlib import Path

import certifi
import pytest
from psycopg.pq import Conninfo

from provisioning_assets.backends import libpq
from provisioning_assets.backends import postgresql as product
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.store.postgresql import PostgresqlStore
from provisioning_assets.errors import ProviderFailed, ProvisioningError, Refused, Unreachable
from tests.support.postgresql import SCHEMA, PostgresqlServer, postgresql_server
from tests.support.servers import free_port
from tests.support.waiting import wait_until


def everything_in(error: BaseException | None) -> str:
    """What an error and those behind it hold."""
    found = ""
    while error is not None:
        found += f"{error!s} {error!r} {error.args!r} {vars(error)!r}"
        error = error.__cause__ or error.__context__
    return found


def test_a_server_that_is_not_there_is_named_in_time(postgresql: PostgresqlServer) -> None:
    port = free_port()
    began = time.monotonic()

    with pytest.raises(Unreachable) as caught:
        PostgresqlStore(SCHEMA, postgresql.access("shop", PGPORT=str(port))).reach()

    assert time.monotonic() - began < 5
    assert f"127.0.0.1:{port}" in caught.value.address
    assert "PGHOST" in caught.value.remedy


@pytest.mark.parametrize("wrong", [{"PGPASSWORD": "hunter2-SECRET"}, {"PGUSER": "nobody"}, {"PGDATABASE": "none"}])
def test_who_is_not_let_in_is_told_at_once(postgresql: PostgresqlServer, database: str, wrong: dict[str, str]) -> None:
    access = postgresql.access(database, **wrong)
    began = time.monotonic()

    for ask in (PostgresqlStore(SCHEMA, access).reach, PostgresqlStore(SCHEMA, access).prepare):
        with pytest.raises(ProviderFailed) as caught:
            ask()
        assert str(postgresql.port) in caught.value.where
        assert access.get("PGPASSWORD") not in everything_in(caught.value)

    assert time.monotonic() - began < 5


def test_no_error_holds_the_password(postgresql: PostgresqlServer, store: PostgresqlStore) -> None:
    gone = PostgresqlStore(SCHEMA, postgresql.access("none"))
    away = PostgresqlStore(SCHEMA, postgresql.access("shop", PGPORT=str(free_port())))
    refused = PostgresqlStore("pg_mine", postgresql.access("postgres"))
    for ask in (gone.reach, away.reach, refused.prepare, lambda: store.read("\0")):
        with pytest.raises(ProvisioningError) as caught:
            ask()
        assert postgresql.password not in everything_in(caught.value)


def test_nothing_of_this_process_leads_elsewhere(
    access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "passwords").write_text("*:*:*:*:wrong\n")
    (tmp_path / "passwords").chmod(0o600)
    for option in Conninfo.parse(b""):
        if option.envvar and option.keyword != b"service":
            monkeypatch.setenv(option.envvar.decode(), "stray")
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "passwords"))
    monkeypatch.setenv("HOME", str(tmp_path))

    store = PostgresqlStore(SCHEMA, access)
    store.prepare()

    assert store.create("lock", b"1")
    without = {name: value for name, value in access.variables.items() if name != "PGPASSWORD"}
    with pytest.raises(ProviderFailed):
        PostgresqlStore(SCHEMA, Access("without a password", without)).reach()


def test_no_session_is_as_this_process_would_have_it(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = "SELECT name, setting FROM pg_settings WHERE source IN ('client', 'session') ORDER BY name"
    rows = product.Server(libpq.parameters(access)).execute(settings).rows
    strays = {
        "PGTZ": "Pacific/Chatham", "PGDATESTYLE": "SQL, DMY", "PGGEQO": "off", "PGOAUTHDEBUG": "UNSAFE",
        "PGOPTIONS": "-c work_mem=64kB -c search_path=stray", "PGCLIENTENCODING": "LATIN1", "PGAPPNAME": "stray",
    }  # fmt: skip
    for name, value in strays.items():
        monkeypatch.setenv(name, value)

    server = product.Server(libpq.parameters(access))

    assert server.execute(settings).rows == rows
    assert {"TimeZone", "DateStyle", "geqo", "work_mem", "search_path"}.isdisjoint(dict(rows))
    assert not {"PGTZ", "PGDATESTYLE", "PGGEQO", "PGOAUTHDEBUG"} & os.environ.keys()


@pytest.mark.parametrize("name", ["PGSERVICE", "PGHOSTADDR", "PGSERVICEFILE", "PG_CONN_STR"])
def test_what_would_lead_elsewhere_is_refused(access: Access, name: str) -> None:
    with pytest.raises(Refused) as caught:
        PostgresqlStore(SCHEMA, Access("profile", {**access.variables, name: "elsewhere"})).reach()
    assert name in caught.value.remedy


def test_a_service_of_the_shell_is_refused(access: Access) -> None:
    given = Access("profile", access.variables, given={"PGSERVICE": "elsewhere"})
    with pytest.raises(Refused):
        PostgresqlStore(SCHEMA, given).reach()


@pytest.mark.parametrize("missing", ["PGHOST", "PGUSER", "PGDATABASE"])
def test_what_an_access_lacks_is_named(access: Access, missing: str) -> None:
    variables = {name: value for name, value in access.variables.items() if name != missing}
    with pytest.raises(ProviderFailed, match=missing) as caught:
        PostgresqlStore(SCHEMA, Access("profile shop", variables)).reach()
    assert caught.value.where == "profile shop"


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer"])
@pytest.mark.parametrize("host", ["192.0.2.1", "db.shop.example", "127.0.0.1,192.0.2.1", "127.0.0.1,"])
def test_nothing_goes_over_a_network_in_the_clear(access: Access, host: str, mode: str) -> None:
    bare = Access("profile", {**access.variables, "PGHOST": host, "PGSSLMODE": mode})
    with pytest.raises(Refused) as caught:
        PostgresqlStore(SCHEMA, bare).reach()
    assert "PGSSLMODE" in caught.value.remedy


def test_without_a_word_on_tls_it_is_required(access: Access) -> None:
    variables = {name: value for name, value in access.variables.items() if name != "PGSSLMODE"}
    with pytest.raises(ProviderFailed) as caught:
        PostgresqlStore(SCHEMA, Access("profile", variables)).reach()
    assert "PGSSLMODE" in caught.value.remedy


def test_a_socket_of_this_machine_needs_no_tls(
    postgresql: PostgresqlServer, store: PostgresqlStore, database: str
) -> None:
    PostgresqlStore(SCHEMA, postgresql.access(database, PGHOST=str(postgresql.folder))).reach()


def test_tls_is_checked_against_the_profiles_authority(tmp_path: Path) -> None:
    with postgresql_server(tls=True) as server:
        trusted = str(server.folder / "server.crt")
        checked = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": trusted}
        for more in ({"PGSSLMODE": ""}, {"PGSSLMODE": "require"}, checked):
            PostgresqlStore(SCHEMA, server.access("postgres", **more)).reach()
        another = tmp_path / "another.crt"
        another.write_text(certifi.contents())
        wrong = (
            {**checked, "PGSSLROOTCERT": str(another)},
            {**checked, "PGSSLROOTCERT": ""},
            {**checked, "PGHOST": "localhost"},
        )
        for more in wrong:
            with pytest.raises(ProviderFailed):
                PostgresqlStore(SCHEMA, server.access("postgres", **more)).reach()


def test_connections_end_with_the_access(postgresql: PostgresqlServer) -> None:
    access = postgresql.access("postgres", PGAPPNAME="passing")
    for _ in range(3):
        PostgresqlStore(SCHEMA, access).reach()
    with postgresql.connected() as connection:

        def sessions() -> int:
            query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'passing'"
            return int(str(connection.execute(query).fetchall()[0][0]))

        assert wait_until(lambda: sessions() == 1)
        del access
        assert wait_until(lambda: sessions() == 0)
