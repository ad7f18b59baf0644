"""Runs a check, and makes evidence of whatever happens."""

import threading
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, replace

from provisioning_assets.backends import catalogue
from provisioning_assets.core.evidence import About, Evidence, Finding, State
from provisioning_assets.core.items import Item
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ProvisioningError, Waiting
from provisioning_assets.record.page import can_be_recorded
from provisioning_assets.runs.asset_run import AssetRun, now
from provisioning_assets.runs.identity import known_engine
from provisioning_assets.runs.rules import products
from provisioning_assets.runs.standings import stand
from provisioning_assets.runs.task import Check, ReadinessItem


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A run's answer about an item: new evidence, or evidence restated; None when the run may not check it."""

    evidence: Evidence | None
    restated: bool = False


def evaluate(run: AssetRun, readiness: ReadinessItem) -> Evaluation:
    """Check one item. A slow proof that still counts is restated; a drill is left to a run that may perform it."""
    session, item = run.session, readiness.item
    undone_drill = item.drill and not session.drills
    if item.of_runs:
        session.ledger.flush()
    if item.of_runs or (item.lasting and (session.reuse or undone_drill)):
        judgement = stand(session, run.task, item).judgement
        if item.of_runs or judgement.state is State.GREEN:
            return Evaluation(judgement.evidence, restated=True)
    if undone_drill:
        return Evaluation(None)
    began = time.monotonic()
    about, unknown = _about(run)
    if unknown:
        finding = _unanswered(unknown)
    elif lacking := _lacking(run, item):
        finding = Finding.not_tested(lacking)
    else:
        finding = _look(run, readiness)
    evidence = _evidence(run, item, about, finding, time.monotonic() - began)
    if not can_be_recorded(evidence):
        finding = Finding.could_not_tell("the check answered what cannot be recorded: no JSON, or no text")
    return Evaluation(replace(evidence, finding=finding))


def record(run: AssetRun, evaluation: Evaluation) -> None:
    """Append evidence to the ledger at once, unless it was restated: the run may never reach its end."""
    run.remember_inputs()
    if evaluation.evidence is not None and not evaluation.restated:
        run.session.ledger.append(evaluation.evidence)


def record_end(run: AssetRun, item: Item, error: ProvisioningError | None) -> None:
    """Record how a run of the asset ended, as evidence of `last_run_succeeded`, if the ledger can be reached.

    A success waits for the run's next page: until then the record says that the run began and did not end.
    """
    if error is None:
        finding = Finding.green("the last run of it succeeded")
    elif isinstance(error, Waiting):
        finding = Finding.red(f"the run could not go on: {error.brief}", error=error.parts)
    else:
        finding = _unanswered(error, "the run failed: ")
    with suppress(ProvisioningError):
        evidence = _evidence(run, item, _about(run)[0], finding, 0.0)
        if not can_be_recorded(evidence):
            evidence = replace(evidence, finding=Finding.could_not_tell("the run failed; its words cannot be recorded"))
        leave = run.session.ledger.later if error is None else run.session.ledger.append
        leave(evidence)


def _evidence(run: AssetRun, item: Item, about: About, finding: Finding, seconds: float) -> Evidence:
    return Evidence(
        item=item.name,
        rule_version=item.version,
        about=about,
        finding=finding,
        observed_at=now(),
        seconds=round(seconds, 3),
        run=run.session.run_id,
        products={**products(), **known_engine(run.session, run.task)},
    )


def _lacking(run: AssetRun, item: Item) -> dict[str, str]:
    """The capabilities that the item needs and the environment's products lack, with the reasons."""
    found: dict[str, str] = {}
    for capability in item.requires:
        of_stage = capability.kind is Kind.INFRASTRUCTURE and run.task.engine is not None
        settings = run.task.engine if of_stage and run.task.engine else run.environment.settings(capability.kind)
        reasons = catalogue.lacks(capability.kind, settings.name, run.access)
        if capability in reasons:
            found[capability.value] = reasons[capability]
    return found


def _look(run: AssetRun, readiness: ReadinessItem) -> Finding:
    """The check's answer within its deadline. A check that raises, or returns anything else, could not tell."""
    if readiness.check is None:
        return Finding.could_not_tell("no check exists yet")
    answer: list[Finding] = []
    own = replace(run, ended=threading.Event())
    looking = threading.Thread(
        target=lambda: answer.append(_said(readiness.check, own)), name=readiness.item.name, daemon=True
    )
    looking.start()
    try:
        looking.join(readiness.item.within.total_seconds())
    finally:
        own.ended.set()  # also when a person interrupts the run
    if answer:
        return answer[0]
    return Finding.could_not_tell(f"no answer within {readiness.item.within.total_seconds():.0f} s")


def _said(check: Check | None, run: AssetRun) -> Finding:
    """Run the check. The text of a foreign error may hold a secret, and is left out."""
    try:
        finding = check(run) if check else None
    except ProvisioningError as error:
        return _unanswered(error)
    except BaseException as error:  # noqa: BLE001 - a check that raises must leave a record
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Finding.could_not_tell(f"{type(error).__name__} in {where.name} (line {where.lineno})")
    if not isinstance(finding, Finding):
        return Finding.could_not_tell(f"the check answered a {type(finding).__name__} instead of a finding")
    return finding


def _unanswered(error: ProvisioningError, during: str = "") -> Finding:
    """Nobody could look, because of one of our errors: in words for people, in its parts for machines."""
    return Finding.could_not_tell(f"{during}{error.told}", error=error.parts)


def _about(run: AssetRun) -> tuple[About, ProvisioningError | None]:
    """What evidence recorded now is about, and why its identity is unknown, if it is."""
    try:
        return run.about(), None
    except ProvisioningError as error:
        return run.about_unknown(), error
