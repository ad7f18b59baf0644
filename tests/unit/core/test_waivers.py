"""Waivers: a person accepts what was seen to be red, by name and for a time, where the item allows it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from provisioning_assets.core.evidence import About, Evidence, Finding, State, Verdict, Waiver, judge
from provisioning_assets.core.items import Item

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULE = Item("dns_has_propagated", "", 2, "promotion", timedelta(hours=24))
ABOUT = About("dns_records", "staging", "sha256:c", "sha256:s", 2, "sha256:w")
TWO = Finding.over("answers", {"www A": "old", "api A": "old", "@ MX": None})
RED = Evidence(RULE.name, "", ABOUT, TWO, NOW - timedelta(hours=1), 0.5, "run")


def waiver(*covers, owner="Alice", days=1):
    return Waiver(RULE.name, "dns_records", "staging", owner, "agreed", NOW + timedelta(days=days), covers)


BOTH = waiver("www A", "api A")


def judged(evidence, *waivers, rule=RULE, **overrides):
    return judge(evidence, rule, waivers=waivers, **{"about": ABOUT, "unfinished": "", "now": NOW, **overrides})


def test_a_waiver_is_shown_as_waived_and_never_as_green():
    judgement = judged(RED, BOTH)
    assert (judgement.state, judgement.verdict, judgement.evidence) == (State.WAIVED, Verdict.RED, RED)
    assert judgement.opens
    assert "Alice" in judgement.reason


def test_an_expired_waiver_counts_no_longer():
    judgement = judged(RED, replace(BOTH, expires=NOW))
    assert (judgement.state, judgement.opens) == (State.RED, False)
    assert "Alice" in judgement.reason


def test_a_later_valid_waiver_counts_although_an_earlier_one_expired():
    assert judged(RED, waiver("www A", "api A", owner="Bram", days=-1), BOTH).state is State.WAIVED
    assert judged(RED, BOTH, waiver("www A", "api A", owner="Bram", days=-1)).state is State.WAIVED


def test_an_item_that_no_waiver_opens_stays_red():
    judgement = judged(RED, BOTH, rule=replace(RULE, waivable=False))
    assert (judgement.state, judgement.opens) == (State.RED, False)


def test_what_a_waiver_does_not_name_stays_red():
    judgement = judged(RED, waiver("www A"))
    assert judgement.state is State.RED
    assert "api A" in judgement.reason


def test_several_waivers_cover_together_and_the_first_end_counts():
    judgement = judged(RED, waiver("www A", owner="Alice", days=9), waiver("api A", owner="Bram", days=2))
    assert judgement.state is State.WAIVED
    assert "Bram" in judgement.reason
    assert judged(RED, waiver("www A", days=9), waiver("api A", days=-2)).state is State.RED


def test_a_finding_without_named_problems_is_covered_by_nothing():
    assert judged(replace(RED, finding=Finding(Verdict.RED, "no")), BOTH).state is State.RED


@pytest.mark.parametrize("finding", [Finding.could_not_tell("no answer"), Finding.not_tested({"dns.alias": "none"})])
def test_a_person_may_waive_what_nobody_saw(finding):
    assert judged(replace(RED, finding=finding), waiver(*finding.problems)).state is State.WAIVED


def test_stale_cannot_be_waived():
    assert judged(RED, BOTH, about=replace(ABOUT, epoch=3)).state is State.STALE


@pytest.mark.parametrize("expires", [NOW, NOW + timedelta(days=1)])
def test_what_was_never_run_cannot_be_waived(expires):
    assert judged(None, replace(BOTH, expires=expires)).state is State.NOT_RUN


def test_green_needs_no_waiver_and_is_not_shown_as_waived():
    assert judged(replace(RED, finding=Finding.green("seen")), BOTH).state is State.GREEN
