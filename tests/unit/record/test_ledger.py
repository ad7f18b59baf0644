"""The ledger: append only, in order, and damaged is damaged."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from provisioning_assets.core.evidence import About, Evidence, Finding
from provisioning_assets.errors import LedgerDamaged, LockHeld
from provisioning_assets.record.entries import (
    ApplyFinished,
    ApplyStarted,
    DrillFinished,
    DrillStarted,
    LockReclaimed,
)
from provisioning_assets.record.ledger import Epoch, Ledger
from tests.fakes.store import MemoryStore

ABOUT = About("secrets", "staging", "sha256:c", "sha256:s", 0, "sha256:w")
EVIDENCE = Evidence("secrets_are_populated", 1, ABOUT, Finding.green("seen", count=3), datetime.now(UTC), 0.1, "r1")


def ledger(store, run="r1"):
    return Ledger(store, "demo/staging/ledger", run=run)


def test_what_is_appended_is_read_back_by_another_instance():
    store = MemoryStore()
    ledger(store).append(EVIDENCE, ApplyStarted("secrets", 1, "sha256:p", "1 to create"))
    other = ledger(store, run="r2")
    other.refresh()
    assert other.evidence("secrets", "secrets_are_populated") == EVIDENCE
    assert other.epoch("secrets").unfinished


def test_the_last_word_counts():
    one = ledger(MemoryStore())
    one.append(EVIDENCE)
    one.append(replace(EVIDENCE, finding=Finding.red("gone")))
    assert one.evidence("secrets", "secrets_are_populated").finding.summary == "gone"
    assert one.evidence("secrets", "another_item") is None


def test_an_epoch_is_open_until_it_is_finished():
    one = ledger(MemoryStore())
    assert one.epoch("dns") == Epoch(0, "")
    one.append(ApplyStarted("dns", 1, "sha256:p", "1 to create"))
    assert one.epoch("dns").unfinished
    one.append(ApplyFinished("dns", 1))
    assert one.epoch("dns") == Epoch(1, "")


def test_a_drill_is_open_until_it_ends_or_an_apply_puts_it_right():
    one = ledger(MemoryStore())
    one.append(ApplyStarted("monitoring", 1, "sha256:p", "1 to create"), ApplyFinished("monitoring", 1))
    one.append(DrillStarted("monitoring", "a drill with paging on"))
    assert one.epoch("monitoring") == Epoch(1, "a drill with paging on")
    assert one.epoch("dns") == Epoch(0, "")
    one.append(DrillFinished("monitoring"))
    assert one.epoch("monitoring") == Epoch(1, "")
    one.append(DrillStarted("monitoring", "again"))
    one.append(ApplyFinished("monitoring", 1))
    assert one.epoch("monitoring") == Epoch(1, "")


def test_an_open_apply_is_not_closed_by_a_drill():
    one = ledger(MemoryStore())
    one.append(ApplyStarted("monitoring", 1, "sha256:p", "1 to create"))
    one.append(DrillStarted("monitoring", "a drill"), DrillFinished("monitoring"))
    assert one.epoch("monitoring") == Epoch(1, "an apply")


def test_what_a_dead_run_left_is_known_by_host_and_time():
    one = ledger(MemoryStore())
    since = datetime.now(UTC) - timedelta(minutes=5)
    one.append(LockReclaimed("run r0", "builder", since))
    assert one.left_behind("builder", since + timedelta(minutes=1))
    assert not one.left_behind("builder", since - timedelta(seconds=1))
    assert not one.left_behind("builder", datetime.now(UTC) + timedelta(seconds=1))
    assert not one.left_behind("elsewhere", since + timedelta(minutes=1))


@pytest.mark.parametrize("forced", [True, False])
def test_a_forced_unlock_does_not_say_that_the_engine_is_dead(forced):
    one = ledger(MemoryStore())
    since = datetime.now(UTC) - timedelta(minutes=5)
    one.append(LockReclaimed("run r0", "builder", since, forced=forced))
    assert one.left_behind("builder", since + timedelta(minutes=1)) is not forced


def test_a_forced_unlock_hides_no_earlier_death():
    one = ledger(MemoryStore())
    since = datetime.now(UTC) - timedelta(minutes=5)
    one.append(LockReclaimed("run r0", "builder", since))
    one.append(LockReclaimed("run r1", "builder", datetime.now(UTC), forced=True))
    assert one.left_behind("builder", since + timedelta(minutes=1))


def test_who_may_not_write_writes_no_page():
    store = MemoryStore()

    def guard():
        raise LockHeld("no longer ours", [])

    mine = Ledger(store, "demo/staging/ledger", run="r1", guard=guard)
    with pytest.raises(LockHeld):
        mine.append(EVIDENCE)
    assert store.versions("") == {}


class Counting(MemoryStore):
    """Counts what is read."""

    reads = 0

    def read(self, key):
        self.reads += 1
        return super().read(key)


def test_copies_spare_reading_and_the_newest_page_vouches_for_them(tmp_path):
    store = Counting()
    for number in range(5):
        ledger(store).append(replace(EVIDENCE, seconds=float(number)))

    def opened():
        store.reads = 0
        one = Ledger(store, "demo/staging/ledger", run="r2", copies=tmp_path / "copies")
        one.refresh()
        return [page.entries[0].seconds for page in one.pages]

    assert (opened(), store.reads) == ([0.0, 1.0, 2.0, 3.0, 4.0], 1 + 5)  # the head, and the pages
    assert (opened(), store.reads) == ([0.0, 1.0, 2.0, 3.0, 4.0], 1 + 1)
    forged = min((tmp_path / "copies").iterdir())
    forged.write_bytes(forged.read_bytes().replace(b'"count":3', b'"count":4'))
    assert opened() == [0.0, 1.0, 2.0, 3.0, 4.0]
    key = "demo/staging/ledger/pages/0000000002.json"
    content, version = store.read(key)
    store.replace(key, content.replace(b'"count":3', b'"count":4'), version=version)
    with pytest.raises(LedgerDamaged):
        opened()


def test_two_writers_lose_nothing():
    store = MemoryStore()

    def write(run):
        mine = ledger(store, run=run)
        for _ in range(20):
            mine.append(EVIDENCE)

    threads = [threading.Thread(target=write, args=(f"r{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one = ledger(store)
    one.refresh()
    assert len(one.pages) == 80
    assert [page.number for page in one.pages] == list(range(1, 81))


@pytest.mark.parametrize("damage", ["alter", "remove", "remove_last", "nonsense"])
def test_damage_is_noticed(damage):
    store = MemoryStore()
    one = ledger(store)
    for number in range(3):
        one.append(replace(EVIDENCE, seconds=float(number)))
    keys = list(store.versions("demo/staging/ledger/pages/"))
    key = keys[2] if damage == "remove_last" else keys[1]
    content, version = store.read(key)
    if damage.startswith("remove"):
        store.delete(key, version=version)
    else:
        store.replace(key, content.replace(b'"count":3', b'"count":4') if damage == "alter" else b"{", version=version)
    with pytest.raises(LedgerDamaged):
        (one if damage == "remove_last" else ledger(store)).refresh()


def test_inputs_are_remembered_once():
    one = ledger(MemoryStore())
    one.remember({"a": "sha256:1"}, "sha256:x")
    one.remember({"a": "sha256:2"}, "sha256:x")
    assert one.remembered("sha256:x") == {"a": "sha256:1"}
    assert one.remembered("sha256:y") is None


LAST = "demo/staging/ledger/pages/0000000003.json"


@pytest.fixture
def sealed():
    """A record of three pages, the last one red, as a run leaves it."""
    store = MemoryStore()
    one = ledger(store)
    one.append(EVIDENCE)
    one.append(ApplyStarted("dns", 1, "sha256:p", "1 to create"))
    one.append(replace(EVIDENCE, finding=Finding.red("gone")))
    one.seal()
    return store


def test_a_last_page_that_was_removed_is_noticed(sealed):
    sealed.delete(LAST, version=sealed.read(LAST)[1])
    with pytest.raises(LedgerDamaged) as damaged:
        ledger(sealed).refresh()
    assert damaged.value.where == "demo/staging/ledger/pages/"


def test_a_last_page_that_was_altered_is_noticed(sealed):
    content, version = sealed.read(LAST)
    altered = content.replace(b'"verdict":"red"', b'"verdict":"green"')
    assert altered != content
    assert sealed.replace(LAST, altered, version=version)
    with pytest.raises(LedgerDamaged):
        ledger(sealed).refresh()


def test_pages_that_all_went_are_noticed(sealed):
    for key, version in sealed.versions("demo/staging/ledger/pages/").items():
        sealed.delete(key, version=version)
    with pytest.raises(LedgerDamaged):
        ledger(sealed).refresh()


def test_what_a_killed_run_left_behind_the_head_counts(sealed):
    killed = ledger(sealed, run="r2")
    killed.append(EVIDENCE)
    late = ledger(sealed, run="r3")
    late.refresh()
    assert len(late.pages) == 4
    late.seal()
    one = ledger(sealed)
    one.refresh()
    assert len(one.pages) == 4


def test_the_head_never_goes_back(sealed):
    slow, quick = ledger(sealed, run="r2"), ledger(sealed, run="r3")
    slow.refresh()
    quick.append(EVIDENCE)
    quick.seal()
    before = sealed.read("demo/staging/ledger/head.json")
    slow.seal()
    assert sealed.read("demo/staging/ledger/head.json") == before


def test_an_unreadable_head_is_damage(sealed):
    sealed.replace("demo/staging/ledger/head.json", b"{}", version=sealed.read("demo/staging/ledger/head.json")[1])
    with pytest.raises(LedgerDamaged):
        ledger(sealed).refresh()


def test_nothing_is_sealed_where_nothing_was_written():
    store = MemoryStore()
    one = ledger(store)
    one.refresh()
    one.seal()
    assert store.versions("") == {}
