"""The ledger: append only, in order, and damaged is damaged."""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from provisioning_assets.errors import LedgerDamaged
from provisioning_assets.evidence import About, Evidence, Finding
from provisioning_assets.ledger import ApplyFinished, ApplyStarted, Ledger, Observed
from provisioning_assets.providers.store.memory import MemoryStore

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
    assert (one.epoch("dns").number, one.epoch("dns").unfinished) == (0, False)
    one.append(ApplyStarted("dns", 1, "sha256:p", "1 to create"))
    assert one.epoch("dns").unfinished
    one.append(ApplyFinished("dns", 1))
    assert (one.epoch("dns").number, one.epoch("dns").unfinished) == (1, False)


def test_what_another_run_observed_is_not_this_runs_answer():
    store = MemoryStore()
    ledger(store).append(Observed("dns", "sha256:c", ()))
    other = ledger(store, run="r2")
    other.refresh()
    assert other.observed("dns", content="sha256:c", run="r2") is None
    assert other.observed("dns", content="sha256:c", run="r1") is not None


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
    keys = store.keys("demo/staging/ledger/pages/")
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
