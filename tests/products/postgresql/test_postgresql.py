"""PostgreSQL as a store: what a server shows that is restarted, cut off, frozen, or short of rights."""

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg.sql import SQL, Identifier

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.store.postgresql import PostgresqlStore
from provisioning_assets.errors import ProviderFailed, Unreachable
from provisioning_assets.record import lock as record_lock
from provisioning_assets.record.entries import ApplyFinished, ApplyStarted
from provisioning_assets.record.ledger import Ledger
from provisioning_assets.record.lock import EnvironmentLock
from tests.support.postgresql import SCHEMA, PostgresqlServer, Wire, wire
from tests.support.waiting import wait_until


@pytest.fixture
def cut(postgresql: PostgresqlServer) -> Iterator[Wire]:
    with wire(postgresql) as made:
        yield made


@pytest.fixture
def over_the_wire(postgresql: PostgresqlServer, database: str, cut: Wire, store: PostgresqlStore) -> PostgresqlStore:
    """The same store, by a way that breaks."""
    return PostgresqlStore(SCHEMA, postgresql.access(database, PGPORT=str(cut.port)))


def ledger(store: PostgresqlStore) -> Ledger:
    return Ledger(store, "shop/staging/ledger", run="run-1")


def numbers(store: PostgresqlStore) -> list[int]:
    read = ledger(store)
    read.refresh()
    return [page.number for page in read.pages]


def started(epoch: int) -> ApplyStarted:
    return ApplyStarted("networking", epoch, "sha256:00", "one change")


class TestLostAnswers:
    def test_a_page_whose_answer_was_lost_is_in_once(self, over_the_wire: PostgresqlStore, cut: Wire) -> None:
        record = ledger(over_the_wire)
        record.append(started(1))
        cut.breaks_after = b"INSERT"

        record.append(ApplyFinished("networking", 1))
        record.append(started(2))

        assert cut.broken == 1
        assert numbers(over_the_wire) == [1, 2, 3]

    def test_a_change_whose_answer_was_lost_counts_as_ours(self, over_the_wire: PostgresqlStore, cut: Wire) -> None:
        over_the_wire.create("lock", b"1")
        found = over_the_wire.read("lock")
        assert found is not None
        cut.breaks_after = b"UPDATE"

        assert over_the_wire.replace("lock", b"2", version=found[1])

        found = over_the_wire.read("lock")
        assert found is not None
        assert (found[0], cut.broken) == (b"2", 1)

    def test_a_removal_whose_answer_was_lost_counts_as_ours(self, over_the_wire: PostgresqlStore, cut: Wire) -> None:
        over_the_wire.create("lock", b"1")
        found = over_the_wire.read("lock")
        assert found is not None
        cut.breaks_after = b"DELETE"

        assert over_the_wire.delete("lock", version=found[1])

        assert (over_the_wire.read("lock"), cut.broken) == (None, 1)

    def test_a_race_that_was_lost_stays_lost_over_a_cut(
        self, store: PostgresqlStore, over_the_wire: PostgresqlStore, cut: Wire
    ) -> None:
        store.create("lock", b"theirs")
        cut.breaks_after = b"INSERT"

        assert not over_the_wire.create("lock", b"theirs")  # the same content, by another writer
        assert cut.broken == 1


class TestRestarts:
    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["in order", "crash"])
    def test_a_run_survives_a_restart_under_its_lock(
        self, postgresql: PostgresqlServer, store: PostgresqlStore, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
    ) -> None:
        monkeypatch.setattr(record_lock, "HEARTBEAT", 0.2)
        held = EnvironmentLock(store, "shop/staging/lock.json", run="run-1", environment="shop-staging")
        held.acquire(wait=1, progress=print)
        record = Ledger(store, "shop/staging/ledger", run="run-1", guard=held.check)
        record.append(started(1))

        postgresql.end(how)
        writing = threading.Thread(target=record.append, args=(ApplyFinished("networking", 1),))
        writing.start()
        time.sleep(1)
        postgresql.start()
        writing.join(25)

        held.check()
        before = held.holder()
        assert before is not None
        wait_until(lambda: (now := held.holder()) and now.heartbeat > before.heartbeat)
        assert numbers(store) == [1, 2]
        held.release()
        assert held.holder() is None

    def test_a_server_that_stays_away_is_given_up(
        self, postgresql: PostgresqlServer, store: PostgresqlStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("provisioning_assets.backends.postgresql._PATIENCE", 2)
        store.create("lock", b"1")
        postgresql.end()
        try:
            with pytest.raises(Unreachable):
                store.read("lock")
        finally:
            postgresql.start()
        wait_until(lambda: store.read("lock"))

    def test_a_frozen_server_is_given_up(
        self, postgresql: PostgresqlServer, store: PostgresqlStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("provisioning_assets.backends.postgresql._PATIENCE", 1)
        monkeypatch.setattr("provisioning_assets.backends.postgresql._LIMIT", 1)
        store.create("lock", b"1")
        postgresql.freeze()
        try:
            began = time.monotonic()
            with pytest.raises(Unreachable):
                store.create("late", b"2")
            with pytest.raises(Unreachable):
                store.reach()
            assert time.monotonic() - began < 10
        finally:
            postgresql.thaw()
        assert wait_until(lambda: store.read("lock"))


class TestManyAtOnce:
    def test_of_eight_writers_of_a_key_one_wins(self, postgresql: PostgresqlServer, database: str) -> None:
        stores = [PostgresqlStore(SCHEMA, postgresql.access(database)) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda store: store.prepare(), stores))  # at once, too
            for race in range(10):
                won = list(pool.map(lambda store, race=race: store.create(f"lock-{race}", b"x"), stores))
                found = stores[0].read(f"lock-{race}")
                assert found is not None
                changed = list(pool.map(lambda s, k=f"lock-{race}", v=found[1]: s.replace(k, b"y", version=v), stores))
                assert (won.count(True), changed.count(True)) == (1, 1)

    def test_a_store_is_used_by_many_threads(self, postgresql: PostgresqlServer, store: PostgresqlStore) -> None:
        with ThreadPoolExecutor(8) as pool:
            wrote = list(pool.map(lambda number: store.create(f"pages/{number:03}", b"x"), range(100)))
            read = list(pool.map(lambda number: store.read(f"pages/{number:03}"), range(100)))
        assert all(wrote)
        assert all(read)

    def test_a_record_of_300_pages_is_read_and_continued(self, store: PostgresqlStore) -> None:
        record = ledger(store)
        for epoch in range(300):
            record.append(started(epoch))
        began = time.monotonic()

        again = ledger(store)
        again.append(ApplyFinished("networking", 299))

        assert time.monotonic() - began < 5
        assert numbers(store) == list(range(1, 302))


class TestTable:
    @pytest.mark.parametrize(
        "key", ["", "a\0b", "\ud800", "k" * 1025], ids=["empty", "NUL", "half a character", "long"]
    )
    def test_a_key_that_it_cannot_hold_is_refused(self, store: PostgresqlStore, key: str) -> None:
        for ask in (store.read, lambda key: store.create(key, b"x"), lambda key: store.delete(key, version="v")):
            with pytest.raises(ProviderFailed):
                ask(key)

    def test_keys_come_in_the_order_of_their_bytes(self, store: PostgresqlStore) -> None:
        keys = ["B", "Z/1", "a", "a%", "a_b", "aXb", "z", "é", "\U0001f600", "\uff5e"]
        for key in keys:
            store.create(key, b"x")

        assert list(store.versions("")) == sorted(keys, key=str.encode)
        assert list(store.versions("a_")) == ["a_b"]
        assert list(store.versions("a%")) == ["a%"]
        assert list(store.versions("", after="a_b")) == ["z", "é", "\uff5e", "\U0001f600"]

    def test_a_record_whose_table_is_gone_is_no_lost_race(self, postgresql: PostgresqlServer, access: Access) -> None:
        store = PostgresqlStore(SCHEMA, access)
        for write in (lambda: store.create("k", b"x"), lambda: store.replace("k", b"x", version="v")):
            with pytest.raises(ProviderFailed) as caught:
                write()
            assert "provisioning.objects" in caught.value.where

    def test_an_identity_is_cluster_database_and_schema(
        self, postgresql: PostgresqlServer, access: Access, store: PostgresqlStore
    ) -> None:
        other = PostgresqlStore("another", access).identity()

        assert store.identity() == {**other, "schema": SCHEMA}
        assert other["database"] == access.get("PGDATABASE")
        assert other["cluster"].isdigit()


class TestRights:
    @pytest.fixture
    def guest(self, postgresql: PostgresqlServer, database: str) -> PostgresqlStore:
        """The store, as a role that owns nothing."""
        with postgresql.connected(database) as connection:
            connection.execute("DROP ROLE IF EXISTS guest")
            connection.execute("CREATE ROLE guest LOGIN PASSWORD 'guest-password'")
        return PostgresqlStore(SCHEMA, postgresql.access(database, PGUSER="guest", PGPASSWORD="guest-password"))

    def test_a_role_that_may_make_no_schema_says_so(self, guest: PostgresqlStore) -> None:
        with pytest.raises(ProviderFailed) as caught:
            guest.prepare()
        assert "guest" in caught.value.remedy

    def test_a_schema_without_rights_is_not_taken_for_empty(
        self, guest: PostgresqlStore, store: PostgresqlStore
    ) -> None:
        for ask in (lambda: guest.read("k"), lambda: guest.versions(""), lambda: guest.create("k", b"x")):
            with pytest.raises(ProviderFailed):
                ask()

    def test_a_role_that_may_write_needs_no_more(
        self, postgresql: PostgresqlServer, database: str, guest: PostgresqlStore, store: PostgresqlStore
    ) -> None:
        with postgresql.connected(database) as connection:
            connection.execute("GRANT USAGE ON SCHEMA provisioning TO guest")
            connection.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON provisioning.objects TO guest")

        guest.reach()
        guest.prepare()

        assert guest.create("k", b"x")
        assert guest.identity() == store.identity()

    def test_what_it_wrote_is_on_the_disk_whatever_the_default(
        self, postgresql: PostgresqlServer, database: str, store: PostgresqlStore
    ) -> None:
        with postgresql.connected(database) as connection:
            connection.execute(SQL("ALTER DATABASE {} SET synchronous_commit = off").format(Identifier(database)))
            connection.execute(
                "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN NEW.content = current_setting('synchronous_commit'); RETURN NEW; END $$"
            )
            connection.execute(
                "CREATE TRIGGER note BEFORE INSERT ON provisioning.objects FOR EACH ROW EXECUTE FUNCTION note()"
            )
        later = PostgresqlStore(SCHEMA, postgresql.access(database))

        later.create("k", b"x")

        found = later.read("k")
        assert found is not None
        assert found[0] == b"on"
