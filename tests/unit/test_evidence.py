"""Evidence to state: only what was seen, about this input, recently enough, is green."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning_assets.core.evidence import About, Evidence, Finding, State, Waiver, judge

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ABOUT = About("dns_records", "staging", "sha256:c", "sha256:s", 2, "sha256:w")
GREEN = Evidence("dns_has_propagated", 1, ABOUT, Finding.green("seen"), NOW - timedelta(hours=1), 0.5, "run")
WAIVER = Waiver("dns_has_propagated", "dns_records", "staging", "Alice", "agreed", NOW + timedelta(days=1))


def state(evidence, **overrides):
    asked = {
        "rule_version": 1, "about": ABOUT, "unfinished": False, "max_age": timedelta(hours=24), "now": NOW, **overrides
    }  # fmt: skip
    return judge(evidence, **asked)


def test_seen_true_recently_about_this_is_green():
    assert state(GREEN).state is State.GREEN


def test_never_checked_is_not_run():
    assert state(None).state is State.NOT_RUN


def test_seen_false_is_red():
    assert state(replace(GREEN, finding=Finding.red("no"))).state is State.RED


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"about": replace(ABOUT, content="sha256:x")}, "another content"),
        ({"about": replace(ABOUT, shared="sha256:x")}, "another input"),
        ({"about": replace(ABOUT, epoch=3)}, "the last apply is epoch 3"),
        ({"about": replace(ABOUT, world="sha256:x")}, "another world"),
        ({"rule_version": 2}, "another version of the rule"),
        ({"unfinished": "an apply"}, "never finished"),
        ({"now": NOW + timedelta(hours=24)}, "25 h ago"),
        ({"now": NOW - timedelta(hours=2)}, "in the future"),
    ],
)
def test_evidence_about_anything_else_is_stale(overrides, says):
    judgement = state(GREEN, **overrides)
    assert judgement.state is State.STALE
    assert says in judgement.reason


def test_promotion_compares_what_is_shared_only():
    assert state(GREEN, about=replace(ABOUT, content="sha256:x"), compare_content=False).state is State.GREEN


def test_a_waiver_is_shown_as_waived_and_never_as_green():
    judgement = state(replace(GREEN, finding=Finding.red("no")), waivers=[WAIVER])
    assert judgement.state is State.WAIVED
    assert judgement.opens
    assert "Alice" in judgement.reason


def test_an_expired_waiver_is_red_even_where_nothing_was_run():
    judgement = state(None, waivers=[replace(WAIVER, expires=NOW)])
    assert judgement.state is State.RED
    assert "expired" in judgement.reason


def test_having_looked_at_nothing_is_red():
    assert not Finding.over("records", {}).ready


@given(st.dictionaries(st.text(min_size=1), st.none() | st.text(min_size=1)))
def test_one_problem_makes_the_whole_red(problems):
    finding = Finding.over("records", problems)
    assert finding.ready == (bool(problems) and not any(problems.values()))


@given(
    st.booleans(),
    st.builds(
        About, st.just("dns_records"), st.just("staging"), st.sampled_from("cd"), st.sampled_from("st"),
        st.integers(0, 3), st.sampled_from("vw"),
    ),
    st.booleans(),
    st.integers(-10, 200),
)  # fmt: skip
def test_green_needs_everything_at_once(ready, about, unfinished, hours):
    evidence = replace(GREEN, about=replace(about, epoch=1, content="c", shared="s", world="w"))
    evidence = replace(evidence, finding=Finding(ready, "x"), observed_at=NOW - timedelta(hours=hours))
    judgement = state(evidence, about=about, unfinished=unfinished)
    same = (about.content, about.shared, about.epoch, about.world) == ("c", "s", 1, "w")
    assert (judgement.state is State.GREEN) == (ready and same and not unfinished and 0 <= hours <= 24)
