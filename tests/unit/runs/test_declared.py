"""What nobody could compare is never evidence that live equals declared, whatever else the plan says."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from provisioning_assets.core.evidence import CouldNotTell, Evidence, Finding, State, Verdict, Waiver, judge
from provisioning_assets.core.plan import Plan, diff
from provisioning_assets.runs.asset_run import AssetRun, now
from provisioning_assets.runs.carry_out import carry_out
from provisioning_assets.runs.declared import equals_declared
from provisioning_assets.runs.evaluate import evaluate, record
from provisioning_assets.runs.task import readiness_item
from tests.support.runs import asset_run

VPC = {"vpc": "nobody looks at its type"}
QUEUE = {"queue": {"size": 1}}


class Cloud:
    """A target that makes a queue and a VPC, and sees the queue alone."""

    def __init__(self, queue: Mapping[str, Mapping[str, int]] | None = None, unseen: Mapping[str, str] = VPC) -> None:
        self.live = dict(QUEUE if queue is None else queue)
        self.unseen = unseen

    def plan(self) -> Plan:
        return replace(diff(QUEUE, self.live), unseen=self.unseen)

    def apply(self, _plan: Plan) -> None:
        self.live = dict(QUEUE)


@readiness_item(review_item=1)
def matches(run: AssetRun) -> Finding:
    """Live equals declared."""
    return equals_declared(run, Cloud())


def found(tmp_path: Path, cloud: Cloud) -> Finding:
    with asset_run(tmp_path) as run:
        return equals_declared(run, cloud)


def test_all_that_was_compared_and_is_equal_is_green(tmp_path: Path) -> None:
    assert found(tmp_path, Cloud(unseen={})).ready


def test_an_empty_plan_with_something_unseen_could_not_tell(tmp_path: Path) -> None:
    finding = found(tmp_path, Cloud())

    assert (finding.verdict, finding.ready) == (Verdict.COULD_NOT_TELL, False)
    assert list(finding.problems) == ["vpc"]
    assert isinstance(finding.problems["vpc"], CouldNotTell)
    assert finding.details["unseen"] == VPC


def test_what_was_seen_to_differ_weighs_more(tmp_path: Path) -> None:
    finding = found(tmp_path, Cloud({}))

    assert finding.verdict is Verdict.RED
    assert {name: isinstance(why, CouldNotTell) for name, why in finding.problems.items()} == {
        "queue": False,
        "vpc": True,
    }


def test_what_differs_although_it_was_unseen_is_seen_to_differ(tmp_path: Path) -> None:
    finding = found(tmp_path, Cloud({}, {"queue": "its live side cannot be read"}))

    assert finding.verdict is Verdict.RED
    assert not isinstance(finding.problems["queue"], CouldNotTell)


def waived(evidence: Evidence, *names: str) -> State:
    """The state under a waiver of these names."""
    until = now() + timedelta(days=1)
    waiver = Waiver("matches", "dns_records", "staging", "Alice", "looked at by hand", until, names)
    about = evidence.about
    return judge(evidence, matches.item, about=about, unfinished="", now=now(), waivers=[waiver]).state


@pytest.mark.parametrize("queue", [{}, QUEUE])
def test_a_run_tells_what_was_unseen_and_leaves_it_red(tmp_path: Path, queue: dict[str, dict[str, int]]) -> None:
    with asset_run(tmp_path, matches, target=lambda _run: Cloud(queue)) as run:
        run.engagement.__dict__["launch"] = SimpleNamespace(freeze=now() + timedelta(days=9))
        shown = carry_out(run)
        evaluation = evaluate(run, matches)
        record(run, evaluation)
        assert not run.session.ledger.epoch(run.task.name).unfinished

    assert shown["unseen"] == VPC
    assert "vpc" in shown["outcome"]
    assert len(shown["plan"]) == (0 if queue else 1)
    assert evaluation.evidence is not None
    assert evaluation.evidence.finding.verdict is Verdict.COULD_NOT_TELL
    assert waived(evaluation.evidence, "vpc") is State.WAIVED
    assert waived(evaluation.evidence, "queue") is State.RED
