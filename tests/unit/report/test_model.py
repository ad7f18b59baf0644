from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning_assets.core.evidence import State, Verdict
from provisioning_assets.core.items import REVIEW_ITEMS, Decision, worst
from provisioning_assets.report.model import build_report
from tests.support.standings import NOW, all_green, engagement, standing

STATES = st.sampled_from(list(State))


def test_everything_green_is_go() -> None:
    report = build_report(engagement(), all_green(), NOW)
    assert report.decision is Decision.GO
    assert report.reasons == ()
    assert [item.state for item in report.items] == [State.GREEN] * 8


@pytest.mark.parametrize("state", [State.RED, State.NOT_RUN, State.STALE])
@pytest.mark.parametrize("environment", ["staging", "production"])
def test_one_check_in_another_state_is_no_go_in_any_environment(state: State, environment: str) -> None:
    odd = standing(5, state, name="odd", environment=environment, asset="monitoring", reason="seen otherwise")
    report = build_report(engagement(), [*all_green(), odd], NOW)
    assert report.decision is Decision.NO_GO
    (reason,) = report.reasons
    assert (reason.what, reason.state, reason.summary) == (f"{environment}/monitoring: odd", state, "seen otherwise")
    assert reason.owner == "Bram"
    assert reason.to_do
    assert report.items[4].state is state


def test_a_waiver_opens_and_stays_visible() -> None:
    report = build_report(engagement(), [*all_green(), standing(3, State.WAIVED, name="waived_one")], NOW)
    assert report.decision is Decision.GO
    assert report.items[2].state is State.WAIVED
    assert report.counts[State.WAIVED] == 1


def test_an_item_without_checks_is_not_run_and_holds_the_launch() -> None:
    report = build_report(engagement(), [s for s in all_green() if s.item.review_item != 7], NOW)
    assert report.items[6].state is State.NOT_RUN
    assert report.decision is Decision.NO_GO
    assert [(r.what, r.state, r.owner) for r in report.reasons] == [(f"7. {REVIEW_ITEMS[6]}", State.NOT_RUN, "Alice")]


def test_an_environment_without_checks_holds_the_launch() -> None:
    report = build_report(engagement(), [s for s in all_green() if s.environment == "staging"], NOW)
    assert report.decision is Decision.NO_GO
    assert [reason.what for reason in report.reasons] == ["production"]


def test_nothing_at_all_is_no_go() -> None:
    report = build_report(engagement(), [], NOW)
    assert report.decision is Decision.NO_GO
    assert {item.state for item in report.items} == {State.NOT_RUN}


@pytest.mark.parametrize("lost", [standing(9, State.RED), standing(1, State.RED, environment="qa")])
def test_a_standing_without_a_place_is_an_error_and_does_not_vanish(lost) -> None:
    with pytest.raises(ValueError, match=lost.item.name):
        build_report(engagement(), [*all_green(), lost], NOW)


@given(st.lists(st.tuples(st.integers(1, 8), STATES, st.sampled_from(["staging", "production"]))))
def test_go_only_when_all_are_green_or_waived(drawn: list[tuple[int, State, str]]) -> None:
    report = build_report(engagement(), [standing(n, state, environment=where) for n, state, where in drawn], NOW)
    complete = {n for n, _, _ in drawn} == set(range(1, 9)) and len({where for _, _, where in drawn}) == 2
    fine = all(state in {State.GREEN, State.WAIVED} for _, state, _ in drawn)
    assert (report.decision is Decision.GO) == (complete and fine)
    assert sum(report.counts.values()) == len(drawn)


@given(st.lists(STATES, min_size=1))
def test_green_only_when_every_state_is_green(states: list[State]) -> None:
    assert (worst(states) is State.GREEN) == (set(states) == {State.GREEN})


def test_who_answers_and_what_to_do() -> None:
    report = build_report(
        engagement(),
        [
            standing(1, State.STALE),
            standing(2, State.RED),
            standing(7, State.NOT_RUN, planned=True, gates="launch"),
            standing(8, State.NOT_RUN),
        ],
        NOW,
    )
    by_number = {check.review_item: check for check in report.checks}
    assert "`provisioning apply demo_shop production`" in by_number[1].to_do
    assert by_number[2].to_do == by_number[2].claim
    assert by_number[7].to_do
    assert "provisioning" not in by_number[7].to_do
    assert "`provisioning apply demo_shop production`" in by_number[8].to_do
    assert by_number[7].owner == "Alice"
    assert by_number[8].owner == "Dana, Bram"


def test_what_nobody_could_see_is_to_be_looked_at_again() -> None:
    red = standing(2, State.RED, name="odd")
    unseen = replace(red, judgement=replace(red.judgement, verdict=Verdict.COULD_NOT_TELL))
    seen, unknown = (build_report(engagement(), [each], NOW).checks[0] for each in (red, unseen))
    assert (seen.unknown, unknown.unknown) == (False, True)
    assert seen.to_do == seen.claim
    assert "`provisioning check demo_shop production dns_records/odd`" in unknown.to_do


def test_titles_are_the_eight_of_the_review() -> None:
    assert len(REVIEW_ITEMS) == 8
    assert REVIEW_ITEMS[0].startswith("Production environments")
    assert REVIEW_ITEMS[7].startswith("On-call")


def test_the_time_is_given_and_shown_in_utc() -> None:
    local = NOW.astimezone(engagement().launch.freeze.tzinfo)
    assert build_report(engagement(), all_green(), local) == build_report(engagement(), all_green(), NOW)
    later = build_report(engagement(), all_green(), NOW + timedelta(seconds=1))
    assert later.generated_at - NOW == timedelta(seconds=1)


def test_the_order_of_the_standings_within_an_environment_stays(tmp_path: Path) -> None:
    mixed = [standing(1, State.GREEN, name=name, environment=e) for e in ("production", "staging") for name in "ab"]
    shown = [(check.environment, check.name) for check in build_report(engagement(), mixed, NOW).items[0].checks]
    assert shown == [("staging", "a"), ("staging", "b"), ("production", "a"), ("production", "b")]
