"""Evidence to state: only what was seen, about this input, recently enough, is green."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning_assets.core.evidence import (
    About,
    CouldNotTell,
    Evidence,
    Finding,
    State,
    Verdict,
    judge,
)
from provisioning_assets.core.items import Item

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULE = Item("dns_has_propagated", "", 2, "promotion", timedelta(hours=24))
ABOUT = About("dns_records", "staging", "sha256:c", "sha256:s", 2, "sha256:w")
GREEN = Evidence(RULE.name, "", ABOUT, Finding.green("seen"), NOW - timedelta(hours=1), 0.5, "run")

SEEN, UNKNOWN, FINE = "192.0.2.9 is served", CouldNotTell("no answer"), None


def judged(evidence, rule=RULE, **overrides):
    return judge(evidence, rule, **{"about": ABOUT, "unfinished": "", "now": NOW, **overrides})


def test_seen_true_recently_about_this_is_green():
    judgement = judged(GREEN)
    assert (judgement.state, judgement.verdict) == (State.GREEN, Verdict.GREEN)
    assert judgement.opens


@pytest.mark.parametrize("before", [GREEN, None])
@pytest.mark.parametrize("unfinished", ["", "an apply"])
def test_a_run_that_never_ended_is_red_whatever_was_seen_before(before, unfinished):
    judgement = judged(before, unended="the run r1 never ended", unfinished=unfinished)
    assert (judgement.state, judgement.unknown, judgement.evidence) == (State.RED, True, before)
    assert not judgement.opens


def test_never_checked_is_not_run():
    judgement = judged(None)
    assert (judgement.state, judgement.evidence, judgement.opens) == (State.NOT_RUN, None, False)


@pytest.mark.parametrize(
    ("finding", "unknown"),
    [
        (Finding.red("no"), False),
        (Finding.could_not_tell("no answer"), True),
        (Finding.not_tested({"dns.alias": "it has none"}), False),
        (Finding.over("records", {}), False),
    ],
)
def test_every_verdict_but_green_is_red(finding, unknown):
    judgement = judged(replace(GREEN, finding=finding))
    assert (judgement.state, judgement.verdict) == (State.RED, finding.verdict)
    assert (judgement.opens, judgement.unknown) == (False, unknown)


@pytest.mark.parametrize(
    "changed",
    [
        {"about": replace(ABOUT, content="sha256:x")},
        {"about": replace(ABOUT, shared="sha256:x")},
        {"about": replace(ABOUT, epoch=3)},
        {"about": replace(ABOUT, identity="sha256:x")},
        {"about": replace(ABOUT, identity=None)},
        {"rule": replace(RULE, rule=lambda: "sha256:another")},
        {"unfinished": "an apply"},
        {"now": NOW + timedelta(hours=24)},
        {"now": NOW - timedelta(hours=2)},
    ],
    ids=lambda changed: str(changed)[:60],
)
def test_evidence_about_anything_else_is_stale(changed):
    judgement = judged(GREEN, **changed)
    assert (judgement.state, judgement.evidence, judgement.opens) == (State.STALE, GREEN, False)
    assert judgement.reason


def test_red_evidence_about_anything_else_is_stale_too():
    red = replace(GREEN, finding=Finding.red("no"))
    assert judged(red, about=replace(ABOUT, epoch=3)).state is State.STALE


def test_promotion_compares_what_is_shared_only():
    other = replace(ABOUT, content="sha256:x")
    assert judged(GREEN, about=other, compare_content=False).state is State.GREEN
    assert judged(GREEN, about=replace(other, shared="sha256:x"), compare_content=False).state is State.STALE


def test_evidence_that_was_taken_without_identity_is_judged_as_it_is():
    nowhere = replace(GREEN, about=replace(ABOUT, identity=None), finding=Finding.could_not_tell("no answer"))
    assert judged(nowhere).state is State.RED


def test_having_looked_at_nothing_is_red():
    assert Finding.over("records", {}).verdict is Verdict.RED


@pytest.mark.parametrize(
    ("problems", "verdict"),
    [
        ({"a": FINE}, Verdict.GREEN),
        ({"a": FINE, "b": UNKNOWN}, Verdict.COULD_NOT_TELL),
        ({"a": UNKNOWN, "b": UNKNOWN}, Verdict.COULD_NOT_TELL),
        ({"a": SEEN, "b": UNKNOWN}, Verdict.RED),
        ({"a": UNKNOWN, "b": SEEN, "c": FINE}, Verdict.RED),
        ({"a": SEEN, "b": FINE}, Verdict.RED),
    ],
)
def test_red_beats_could_not_tell_and_that_beats_green(problems, verdict):
    finding = Finding.over("records", problems)
    assert finding.verdict is verdict
    assert dict(finding.problems) == {name: problem for name, problem in problems.items() if problem}
    assert set(finding.details["looked_at"]) == set(problems)


@given(st.dictionaries(st.text(min_size=1), st.none() | st.text(min_size=1)))
def test_one_problem_makes_the_whole_red(problems):
    finding = Finding.over("records", problems)
    assert finding.ready == (bool(problems) and not any(problems.values()))


@given(
    st.sampled_from(Verdict),
    st.builds(
        About, st.just("dns_records"), st.just("staging"), st.sampled_from("cd"), st.sampled_from("st"),
        st.integers(0, 3), st.sampled_from("vw"),
    ),
    st.sampled_from(["", "an apply"]),
    st.integers(-10, 200),
)  # fmt: skip
def test_green_needs_everything_at_once(verdict, about, unfinished, hours):
    seen = replace(about, epoch=1, content="c", shared="s", identity="w")
    evidence = replace(GREEN, about=seen, finding=Finding(verdict, "x"), observed_at=NOW - timedelta(hours=hours))
    judgement = judged(evidence, about=about, unfinished=unfinished)
    fresh = not unfinished and 0 <= hours <= 24
    assert (judgement.state is State.GREEN) == (verdict is Verdict.GREEN and about == seen and fresh)
