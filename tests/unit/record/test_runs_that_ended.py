"""Which run of an asset began and never ended, and what waits for a run's next page."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from provisioning_assets.core.evidence import About, Evidence, Finding
from provisioning_assets.errors import LockHeld, ProvisioningError
from provisioning_assets.record.entries import Entry, RunRefused, RunStarted
from provisioning_assets.record.ledger import Ledger
from tests.fakes.store import MemoryStore

ENDED = "last_run_succeeded"
ABOUT = About("dns", "staging", "sha256:c", "sha256:s", 0, "sha256:w")
SUCCEEDED = Evidence(ENDED, 1, ABOUT, Finding.green("it did"), datetime.now(UTC), 0.0, "r")
FAILED = replace(SUCCEEDED, finding=Finding.red("it did not"))
BEGAN, REFUSED = RunStarted("dns"), RunRefused("dns")
OTHER = RunStarted("secrets"), RunRefused("secrets"), replace(SUCCEEDED, about=replace(ABOUT, asset="secrets"))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def unended(store: MemoryStore, run: str = "report") -> str | None:
    """The run that never ended, as this run sees it."""
    ledger = Ledger(store, "demo", run=run)
    ledger.refresh()
    page = ledger.unended("dns", ENDED)
    return page and page.run


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], None),
        ([("r1", BEGAN)], "r1"),
        ([("r1", BEGAN), *(("r1", each) for each in OTHER)], "r1"),
        ([("r1", BEGAN), ("r1", replace(SUCCEEDED, item="another_item"))], "r1"),
        ([("r1", BEGAN), ("r1", SUCCEEDED)], None),
        ([("r1", BEGAN), ("r1", FAILED)], None),
        ([("r1", BEGAN), ("r1", REFUSED)], None),
        ([("r0", SUCCEEDED), ("r1", BEGAN)], "r1"),
        ([("r1", BEGAN), ("r2", BEGAN), ("r2", SUCCEEDED)], None),
        ([("r1", BEGAN), ("r2", BEGAN), ("r2", REFUSED)], "r1"),
        ([("r1", BEGAN), ("r2", BEGAN)], "r2"),
    ],
)
def test_a_run_that_left_no_word_of_its_end_never_ended(
    store: MemoryStore, entries: list[tuple[str, Entry]], expected: str | None
) -> None:
    for run, entry in entries:
        Ledger(store, "demo", run=run).append(entry)
    assert unended(store) == expected


def test_the_run_that_asks_goes_on_and_hides_no_dead_one(store: MemoryStore) -> None:
    for run in ("r1", "r2"):
        Ledger(store, "demo", run=run).append(BEGAN)
    assert unended(store, run="r2") == "r1"


def test_what_waits_is_written_with_the_next_page_before_it(store: MemoryStore) -> None:
    ledger = Ledger(store, "demo", run="r1")
    ledger.append(BEGAN)
    ledger.later(SUCCEEDED)
    assert unended(store) == "r1"
    ledger.append(OTHER[0])
    assert [page.entries for page in ledger.pages] == [(BEGAN,), (SUCCEEDED, OTHER[0])]
    ledger.flush()
    assert len(ledger.pages) == 2


@pytest.mark.parametrize("write", [Ledger.flush, Ledger.seal])
def test_what_waits_is_written_when_the_run_ends(store: MemoryStore, write) -> None:
    ledger = Ledger(store, "demo", run="r1")
    ledger.append(BEGAN)
    ledger.later(SUCCEEDED)
    write(ledger)
    assert unended(store) is None


def test_what_could_not_be_written_goes_on_waiting(store: MemoryStore) -> None:
    held: list[ProvisioningError] = []

    def guard() -> None:
        for error in held:
            raise error

    ledger = Ledger(store, "demo", run="r1", guard=guard)
    ledger.append(BEGAN)
    ledger.later(SUCCEEDED)
    held.append(LockHeld("no longer ours", []))
    with pytest.raises(LockHeld):
        ledger.flush()
    assert unended(store) == "r1"
    held.clear()
    ledger.flush()
    assert unended(store) is None
