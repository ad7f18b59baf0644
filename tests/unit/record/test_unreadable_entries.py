"""What could not be read back is never appended, and the record stays readable."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from provisioning_assets.core.evidence import About, Evidence, Finding, Verdict
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.record.entries import ApplyStarted
from provisioning_assets.record.ledger import Ledger
from provisioning_assets.record.page import can_be_recorded
from tests.fakes.store import MemoryStore

ABOUT = About("secrets", "staging", "sha256:c", "sha256:s", 0, None)
GOOD = Evidence("secrets_are_populated", 1, ABOUT, Finding.green("seen", count=3), datetime.now(UTC), 0.1, "r1")
SELF = {}
SELF["self"] = SELF


def finding(verdict=Verdict.GREEN, summary="seen", details=None, problems=None):
    return replace(GOOD, finding=Finding(verdict, summary, details or {}, problems or {}))


UNREADABLE = {
    "no verdict": finding(verdict=None),
    "a verdict of its own": finding(verdict="fine"),
    "a truth for a verdict": finding(verdict=True),
    "no summary": finding(summary=None),
    "no finding": replace(GOOD, finding=None),
    "not a number": finding(details={"share": float("nan")}),
    "endless": finding(details={"share": float("inf")}),
    "an object": finding(details={"of": object()}),
    "itself": finding(details=SELF),
    "half a character": finding(details={"text": "\ud800"}),
    "a number beyond JSON": finding(details={"serial": 2**63}),
    "not a number, deep down": finding(details={"shares": [{"a": (1.0, float("nan"))}]}),
    "a problem that is no text": finding(problems={"a": object()}),
    "a time without zone": replace(GOOD, observed_at="yesterday"),
    "an epoch in words": ApplyStarted("secrets", "first", "sha256:p", "1 to create"),
    "no entry at all": "everything is fine",
}


@pytest.mark.parametrize("entry", UNREADABLE.values(), ids=UNREADABLE)
def test_an_entry_that_cannot_be_read_back_is_never_appended(entry):
    store = MemoryStore()
    record = Ledger(store, "demo/staging/ledger", run="r1")
    record.append(GOOD)
    assert not can_be_recorded(entry)
    with pytest.raises(ProvisioningError):
        record.append(GOOD, entry)
    record.append(GOOD)
    other = Ledger(store, "demo/staging/ledger", run="r2")
    other.refresh()
    assert [page.entries for page in other.pages] == [(GOOD,), (GOOD,)]


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_is_read_back_as_it_was(verdict):
    store, entry = MemoryStore(), finding(verdict, problems={"www A": "old"}, details={"looked_at": ["a", None, 1.5]})
    assert can_be_recorded(entry)
    Ledger(store, "demo/staging/ledger", run="r1").append(entry)
    other = Ledger(store, "demo/staging/ledger", run="r2")
    other.refresh()
    assert other.evidence("secrets", "secrets_are_populated") == entry
