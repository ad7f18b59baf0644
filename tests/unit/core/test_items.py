"""GO or NO-GO: one function decides, of the states of all items of all environments."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning_assets.core.evidence import State
from provisioning_assets.core.items import REVIEW_ITEMS, Decision, closed_by, decide
from tests.support.standings import all_green, standing

BOTH = ("staging", "production")
OPEN = {State.GREEN, State.WAIVED}
STATES = st.sampled_from(list(State))


def against(standings, environments=BOTH):
    return [(each.what, each.state, each.review_item) for each in decide(standings, environments).against]


def test_everything_green_is_go():
    decided = decide(all_green(), BOTH)
    assert (decided.decision, decided.against) == (Decision.GO, ())


def test_a_waiver_is_no_reason_against():
    assert decide([*all_green(), standing(3, State.WAIVED)], BOTH).decision is Decision.GO


@pytest.mark.parametrize("gates", ["promotion", "launch"])
@pytest.mark.parametrize("state", [State.RED, State.NOT_RUN, State.STALE])
def test_one_item_that_does_not_open_is_no_go(state, gates):
    odd = standing(5, state, name="odd", environment="staging", asset="monitoring", gates=gates)
    decided = decide([*all_green(), odd], BOTH)
    assert decided.decision is Decision.NO_GO
    (reason,) = decided.against
    assert (reason.what, reason.state, reason.review_item, reason.standing) == (odd.address, state, 5, odd)


def test_a_review_item_without_a_check_is_a_gap():
    without = [s for s in all_green() if s.item.review_item != 7]
    assert against(without) == [(f"7. {REVIEW_ITEMS[6]}", State.NOT_RUN, 7)]


def test_an_environment_without_checks_is_a_gap():
    without = [s for s in all_green() if s.environment == "staging"]
    assert against(without) == [("production", State.NOT_RUN, 1)]
    assert against(all_green(), ("staging", "recovery", "production")) == [("recovery", State.NOT_RUN, 1)]


def test_nothing_at_all_is_every_gap():
    assert len(against([])) == len(REVIEW_ITEMS) + len(BOTH)


@pytest.mark.parametrize(
    "lost", [standing(9, State.RED), standing(0, State.RED), standing(1, State.RED, environment="qa")]
)
def test_a_standing_without_a_place_is_an_error(lost):
    with pytest.raises(ValueError, match=lost.item.name):
        decide([*all_green(), lost], BOTH)


def test_gaps_come_first_then_reasons_in_the_order_of_the_review():
    odd = [standing(n, State.RED, environment=e) for n in (5, 2) for e in reversed(BOTH)]
    found = against([*odd, *(s for s in all_green() if s.item.review_item not in {2, 5, 8})])
    assert [number for _, _, number in found] == [8, 2, 2, 5, 5]
    assert [what.partition("/")[0] for what, *_ in found[1:]] == ["staging", "production"] * 2


@given(st.lists(st.tuples(st.integers(1, 8), STATES, st.sampled_from(BOTH))))
def test_go_only_when_nothing_is_missing_and_all_opens(drawn):
    decided = decide([standing(n, state, environment=where) for n, state, where in drawn], BOTH)
    complete = {n for n, *_ in drawn} == set(range(1, 9)) and {where for *_, where in drawn} == set(BOTH)
    assert (decided.decision is Decision.GO) == (complete and all(state in OPEN for _, state, _ in drawn))
    assert sum(each.standing is not None for each in decided.against) == sum(state not in OPEN for _, state, _ in drawn)


def test_a_promotion_gate_is_closed_by_what_holds_the_promotion_alone():
    held, later = standing(2, State.STALE), standing(7, State.RED, gates="launch")
    assert closed_by([held, later, standing(3, State.WAIVED), standing(4, State.GREEN)]) == [held]
    assert closed_by([replace(held, judgement=later.judgement)]) != []


def test_the_review_has_eight_items():
    assert len(set(REVIEW_ITEMS)) == 8
