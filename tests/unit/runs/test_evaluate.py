"""Whatever a check does becomes evidence that can be read, and nothing but a finding of green is green."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.core.evidence import Evidence, Finding, State, Verdict
from provisioning_assets.core.items import Item
from provisioning_assets.core.kinds import Capability
from provisioning_assets.core.plan import Plan
from provisioning_assets.errors import ProviderFailed, Unreachable
from provisioning_assets.record.ledger import Ledger
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.evaluate import evaluate, record, record_end
from provisioning_assets.runs.standings import stand
from provisioning_assets.runs.task import Check, ReadinessItem
from tests.support.runs import asset_run

Counted = tuple[Check, list[int]]
SECRET = "hunter-4711"
SELF: dict[str, Any] = {}
SELF["self"] = SELF


def item(check: Check | None, **settings: Any) -> ReadinessItem:
    claim = Item("dns_has_propagated", "", 2, "promotion", timedelta(hours=24), **settings)
    return ReadinessItem(claim, check)


def green(_run: AssetRun) -> Finding:
    return Finding.green("seen", count=3)


def answers(answer: Any) -> Check:
    return lambda _run: answer


def raises(error: BaseException) -> Check:
    def check(_run: AssetRun) -> Finding:
        raise error

    return check


@pytest.fixture
def counted() -> Counted:
    """A check that says how often it looked."""
    looked: list[int] = []

    def check(run: AssetRun) -> Finding:
        looked.append(1)
        return green(run)

    return check, looked


def reread(run: AssetRun) -> list[Evidence]:
    """The evidence as another process reads it."""
    other = Ledger(run.session.ledger._store, f"{run.session.prefix}/ledger", run="another")
    other.refresh()
    return [entry for page in other.pages for entry in page.entries if isinstance(entry, Evidence)]


def proven(run: AssetRun, readiness: ReadinessItem) -> Evidence:
    """The item's evidence, evaluated, recorded, and read by another process."""
    record(run, evaluate(run, readiness))
    return reread(run)[-1]


NO_ANSWER = {
    "nothing": answers(None),
    "a truth": answers(answer=True),
    "a text": answers("green"),
    "an error of ours": raises(Unreachable("the resolver", "192.0.2.1")),
    "a foreign error": raises(ValueError(SECRET)),
    "an assertion": raises(AssertionError(SECRET)),
    "an interrupt": raises(KeyboardInterrupt(SECRET)),
    "an exit": raises(SystemExit(0)),
    "a generator's end": raises(GeneratorExit()),
    "an object in the details": answers(Finding.green("seen", of=object())),
    "a number that is none": answers(Finding.green("seen", share=float("nan"))),
    "details without end": answers(Finding.green("seen", of=SELF)),
    "no verdict": answers(Finding(None, "seen")),
    "no summary": answers(Finding(Verdict.GREEN, None)),
    "no check": None,
}


@pytest.mark.parametrize("check", NO_ANSWER.values(), ids=NO_ANSWER)
def test_what_is_no_answer_could_not_tell_and_is_recorded(tmp_path: Path, check: Check | None) -> None:
    readiness = item(check)
    with asset_run(tmp_path, readiness) as run:
        evidence = proven(run, readiness)
        assert evidence.finding.verdict is Verdict.COULD_NOT_TELL
        assert SECRET not in repr(evidence)
        judgement = stand(run.session, run.task, readiness.item).judgement
        assert (judgement.state, judgement.unknown, judgement.evidence) == (State.RED, True, evidence)


def test_a_check_has_a_deadline_and_its_late_answer_counts_for_nothing(tmp_path: Path) -> None:
    answer = threading.Event()

    def late(_run: AssetRun) -> Finding:
        answer.wait(30)
        return Finding.green("seen too late")

    readiness = item(late, within=timedelta(seconds=0.01))
    with asset_run(tmp_path, readiness) as run:
        assert proven(run, readiness).finding.verdict is Verdict.COULD_NOT_TELL
        answer.set()
        for thread in threading.enumerate():
            if thread.name == readiness.item.name:
                thread.join(30)
        assert [each.finding.verdict for each in reread(run)] == [Verdict.COULD_NOT_TELL]


@pytest.mark.parametrize("finding", [
    Finding.green("seen", count=3), Finding.red("no"), Finding.could_not_tell("no answer"),
    Finding.over("records", {"www A": "old", "api A": None}), Finding.over("records", {}),
], ids=lambda finding: finding.summary[:20])  # fmt: skip
def test_what_a_check_found_is_recorded_as_it_is(tmp_path: Path, finding: Finding) -> None:
    readiness = item(answers(finding), rule=lambda: "sha256:r")
    with asset_run(tmp_path, readiness) as run:
        evidence = proven(run, readiness)
        assert evidence.finding == finding
        assert (evidence.about, evidence.rule_version, evidence.run) == (run.about(), "sha256:r", "r1")
        state = State.GREEN if finding.ready else State.RED
        assert stand(run.session, run.task, readiness.item).judgement.state is state


@pytest.mark.parametrize(
    ("capability", "emulation", "verdict"),
    [
        (Capability.ALARM_EVALUATION, "moto", Verdict.NOT_TESTED),
        (Capability.ALARM_EVALUATION, "", Verdict.GREEN),
        (Capability.ENGINE_STATE, "", Verdict.NOT_TESTED),
    ],
)
def test_what_a_product_cannot_show_is_not_tested(
    tmp_path: Path, counted: Counted, capability: Capability, emulation: str, verdict: Verdict
) -> None:
    check, looked = counted
    readiness = item(check, requires=(capability,))
    with asset_run(tmp_path, readiness, variables={"PROVISIONING_EMULATION": emulation}) as run:
        evidence = proven(run, readiness)
        assert (evidence.finding.verdict, len(looked)) == (verdict, verdict is Verdict.GREEN)
        assert set(evidence.finding.problems) == ({capability.value} if verdict is Verdict.NOT_TESTED else set())


def test_without_an_identity_nobody_looks_and_nobody_can_tell(tmp_path: Path, counted: Counted) -> None:
    check, looked = counted

    def away(_access: object) -> dict[str, str]:
        raise Unreachable("the resolver", "192.0.2.1")

    readiness = item(check)
    with asset_run(tmp_path, readiness, views=(away,)) as run:
        evidence = proven(run, readiness)
        assert (evidence.finding.verdict, evidence.about.identity) == (Verdict.COULD_NOT_TELL, None)
        assert looked == []


def test_a_slow_proof_that_counts_is_stated_again_and_not_recorded(tmp_path: Path, counted: Counted) -> None:
    check, looked = counted
    readiness = item(check, lasting=True)
    with asset_run(tmp_path, readiness) as run:
        first = proven(run, readiness)
        run.session.reuse = True
        again = evaluate(run, readiness)
        record(run, again)
        assert (again.evidence, again.restated) == (first, True)
        assert (len(looked), len(reread(run))) == (1, 1)
        run.session.reuse = False
        assert not evaluate(run, readiness).restated
        assert len(looked) == 2


@pytest.mark.parametrize("spoil", ["red", "apply"])
def test_a_slow_proof_that_counts_no_longer_is_made_again(tmp_path: Path, counted: Counted, spoil: str) -> None:
    check, looked = counted
    readiness = item(check, lasting=True)
    with asset_run(tmp_path, readiness) as run:
        record(run, evaluate(run, item(answers(Finding.red("no")) if spoil == "red" else green, lasting=True)))
        if spoil == "apply":
            run.apply_started(Plan())
            run.apply_finished()
        run.session.reuse = True
        assert proven(run, readiness).finding.ready
        assert len(looked) == 1


def test_a_drill_is_left_to_a_run_that_may_do_it(tmp_path: Path, counted: Counted) -> None:
    check, looked = counted
    readiness = item(check, drill=True)
    with asset_run(tmp_path, readiness) as run:
        left = evaluate(run, readiness)
        record(run, left)
        assert (left.evidence, reread(run), looked) == (None, [], [])
        run.session.drills = True
        assert proven(run, readiness).finding.ready


def test_a_lasting_drill_that_counts_is_stated_where_none_may_be_done(tmp_path: Path, counted: Counted) -> None:
    check, looked = counted
    readiness = item(check, drill=True, lasting=True)
    with asset_run(tmp_path, readiness) as run:
        run.session.drills = True
        first = proven(run, readiness)
        run.session.drills = False
        again = evaluate(run, readiness)
        assert (again.evidence, again.restated, len(looked)) == (first, True, 1)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [(None, Verdict.GREEN), (ProviderFailed("the zone is locked", where="shop.example"), Verdict.COULD_NOT_TELL)],
)
def test_how_a_run_ended_is_evidence_that_a_check_states_again(
    tmp_path: Path, error: ProviderFailed | None, verdict: Verdict
) -> None:
    readiness = item(None, of_runs=True)
    with asset_run(tmp_path, readiness) as run:
        assert evaluate(run, readiness).evidence is None
        record_end(run, readiness.item, error)
        again = evaluate(run, readiness)
        (evidence,) = reread(run)
        assert evidence.finding.verdict is verdict
        record(run, again)
        assert (again.evidence, again.restated, len(reread(run))) == (evidence, True, 1)


def test_a_record_that_cannot_be_reached_does_not_hide_the_runs_own_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readiness = item(None, of_runs=True)
    with asset_run(tmp_path, readiness) as run:

        def away(*_entries: object) -> None:
            raise Unreachable("S3", "nowhere")

        monkeypatch.setattr(run.session.ledger, "append", away)
        record_end(run, readiness.item, ProviderFailed("the zone is locked"))
        with pytest.raises(Unreachable):
            record(run, evaluate(run, item(green)))
