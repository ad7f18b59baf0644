"""The one algorithm: what is written, when, and what is recorded of it."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning_assets.core.plan import diff
from provisioning_assets.core.reconcile import reconcile
from provisioning_assets.errors import LockHeld, NotConverged, ProviderFailed, Refused, Waiting


@dataclass
class Shelf:
    """A back end that can be told to misbehave."""

    desired: dict
    live: dict = field(default_factory=dict)
    fails_after: int | None = None
    failure: Exception = field(default_factory=lambda: ProviderFailed("the shelf broke"))
    forgets: bool = False
    shows_after: int = 0
    written: int = 0

    def plan(self):
        if self.shows_after > 0 and self.written:
            self.shows_after -= 1
            return diff(self.desired, {})
        return diff(self.desired, self.live)

    def apply(self, plan):
        for position, change in enumerate(plan.changes):
            if position == self.fails_after:
                raise self.failure
            self.written += 1
            if change.after is None:
                del self.live[change.address]
            elif not self.forgets:
                self.live[change.address] = dict(change.after)


@dataclass
class Journal:
    """Remembers what was recorded, in order."""

    said: list = field(default_factory=list)

    def apply_started(self, plan):
        self.said.append("started")

    def apply_finished(self):
        self.said.append("finished")

    def observed(self, plan):
        self.said.append("empty" if plan.empty else "differs")


def run(shelf, journal, **more):
    return reconcile(shelf, journal, address="staging/shelf", **{"gate": list, "within": 0.01, **more})


def test_a_difference_is_applied_and_seen_to_be_gone():
    journal, shelf = Journal(), Shelf({"a": {"n": 1}})
    assert run(shelf, journal).applied
    assert journal.said == ["started", "empty", "finished"]


def test_nothing_to_do_starts_no_apply_and_closes_an_open_one():
    journal = Journal()
    assert not run(Shelf({"a": {"n": 1}}, {"a": {"n": 1}}), journal).applied
    assert journal.said == ["empty", "finished"]


def test_what_waits_for_somebody_is_left_in_the_plan_and_nothing_half_done():
    journal, shelf = Journal(), Shelf({"a": {"n": 1}, "b": {"n": 2}}, fails_after=1, failure=Waiting("for a person"))
    with pytest.raises(Waiting):
        run(shelf, journal)
    assert journal.said == ["started", "differs", "finished"]

    shelf.fails_after = None
    assert run(shelf, journal).applied
    assert journal.said[3:] == ["started", "empty", "finished"]


def test_a_closed_gate_writes_nothing_and_says_every_reason():
    journal, shelf = Journal(), Shelf({"a": {"n": 1}})
    with pytest.raises(Refused) as refused:
        run(shelf, journal, gate=lambda: ["staging is red"], rules=[lambda plan: ["frozen", f"{plan} is much"]])
    assert refused.value.reasons == ("staging is red", "frozen", "1 to create is much")
    assert shelf.written == 0
    assert "started" not in journal.said


def test_a_closed_gate_ends_a_run_that_had_nothing_to_do():
    journal = Journal()
    with pytest.raises(Refused) as refused:
        run(Shelf({}), journal, gate=lambda: ["closed"], rules=[lambda _plan: ["frozen"]])
    assert refused.value.reasons == ("closed",)
    assert journal.said == ["empty"]


def test_a_closed_gate_is_told_even_when_no_plan_can_be_made():
    class Absent(Shelf):
        def plan(self):
            raise ProviderFailed("there is no zone")

    with pytest.raises(Refused) as refused:
        run(Absent({}), Journal(), gate=lambda: ["closed"])
    assert refused.value.reasons == ("closed",)
    with pytest.raises(ProviderFailed):
        run(Absent({}), Journal(), gate=lambda: ["closed"], dry_run=True)


def test_a_lost_lock_stops_before_the_first_write():
    def lost():
        raise LockHeld("the lock is gone", [])

    journal, shelf = Journal(), Shelf({"a": {"n": 1}})
    with pytest.raises(LockHeld):
        run(shelf, journal, before_write=lost)
    assert (shelf.written, journal.said) == (0, [])


def test_a_failure_half_way_leaves_the_apply_open():
    journal, shelf = Journal(), Shelf({"a": {"n": 1}, "b": {"n": 2}}, fails_after=1)
    with pytest.raises(ProviderFailed):
        run(shelf, journal)
    assert journal.said == ["started"]
    shelf.fails_after = None
    assert run(shelf, journal).applied
    assert shelf.live == {"a": {"n": 1}, "b": {"n": 2}}


def test_what_does_not_stick_is_not_verified():
    journal = Journal()
    with pytest.raises(NotConverged) as left:
        run(Shelf({"a": {"n": 1}}, forgets=True), journal)
    assert left.value.cause == "create a"
    assert journal.said == ["started", "differs"]


def test_an_eventually_consistent_server_is_waited_for():
    assert run(Shelf({"a": {"n": 1}}, shows_after=1), Journal(), within=0.2).applied


def test_a_dry_run_records_and_writes_nothing():
    journal, shelf = Journal(), Shelf({"a": {"n": 1}})
    assert str(run(shelf, journal, dry_run=True).plan) == "1 to create"
    assert (shelf.written, journal.said) == (0, [])


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.fixed_dictionaries({"n": st.integers(0, 3)})),
    st.dictionaries(st.sampled_from("abcdef"), st.fixed_dictionaries({"n": st.integers(0, 3)})),
    st.integers(0, 6),
)
def test_a_crash_anywhere_converges_in_the_next_run(desired, live, crash):
    shelf = Shelf(desired, dict(live), fails_after=crash)
    try:
        run(shelf, Journal())
    except ProviderFailed:
        shelf.fails_after = None
        run(shelf, Journal())
    assert shelf.live == desired
