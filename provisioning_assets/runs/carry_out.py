"""Carries out a task once, and records the outcome."""

import time
from functools import partial

from provisioning_assets.core.items import Item
from provisioning_assets.core.plan import Json
from provisioning_assets.core.reconcile import Rule, reconcile
from provisioning_assets.core.safety import keeps_data, respects_freeze, stays_in_proportion, touches_what_is_ours
from provisioning_assets.errors import (
    Interrupted,
    LockHeld,
    Misdirected,
    ProvisioningError,
    Refused,
    Waiting,
    internal,
)
from provisioning_assets.record.entries import RunRefused, RunStarted
from provisioning_assets.runs.asset_run import AssetRun, now
from provisioning_assets.runs.declared import Declared
from provisioning_assets.runs.evaluate import evaluate, record, record_end
from provisioning_assets.runs.standings import gate_reasons


def carry_out(run: AssetRun) -> dict[str, Json]:
    """Do the task's work once; return what to show of it. A failure is recorded, and raised as one of our errors."""
    began = time.monotonic()
    try:
        _start(run)
        run.remember_inputs()
        shown = _reconcile(run) if run.task.target else _state(run)
        for item in _of_runs(run):
            record_end(run, item, None)
        seconds = time.monotonic() - began
        run.progress(f"{shown['outcome']} ({seconds:.1f} s)")
        return {**shown, "seconds": round(seconds, 1), "digest": run.about().content}
    except ProvisioningError as error:
        problem = error
    except Exception as error:  # noqa: BLE001 - it must leave a record
        problem = internal(run.address, error)
    except BaseException:
        for item in _of_runs(run):
            record_end(run, item, Interrupted("it was interrupted"))
        raise
    if not isinstance(problem, Refused) or isinstance(problem, LockHeld | Misdirected):
        for item in _of_runs(run):
            record_end(run, item, problem)
    else:
        _leave(run)
    if isinstance(problem, Waiting):
        _record_plan(run)
    raise problem


def _start(run: AssetRun) -> None:
    """Record that the run begins, before anything can fail: a killed run records nothing more."""
    if _of_runs(run):
        run.session.ledger.append(RunStarted(run.task.name))


def _leave(run: AssetRun) -> None:
    """Record that the run was refused: how the run before it ended still counts."""
    if _of_runs(run):
        run.session.ledger.later(RunRefused(run.task.name))
    _record_plan(run)


def _record_plan(run: AssetRun) -> None:
    """A plan that was not carried out shows what differs: it is evidence for the item that judges the plan."""
    if run.last_plan() is not None:
        record(run, evaluate(run, run.task.checks[0]))


def _of_runs(run: AssetRun) -> list[Item]:
    return [item for item in run.task.rules if item.of_runs]


def _reconcile(run: AssetRun) -> dict[str, Json]:
    session = run.session
    assert run.task.target is not None  # noqa: S101 - the caller has checked it
    target = run.task.target(run)
    safety = run.engagement.safety
    rules: list[Rule] = [
        keeps_data,
        partial(stays_in_proportion, deleted=safety.deleted, changed=safety.changed),
    ]
    if isinstance(target, Declared):
        rules.append(partial(touches_what_is_ours, whose=target.managed_elsewhere))
    if run.environment.name == run.engagement.production.name:
        rules.append(lambda plan: respects_freeze(plan, freeze=run.engagement.launch.freeze, now=now()))
    outcome = reconcile(
        target, run, address=run.address, gate=lambda: gate_reasons(run), rules=rules,
        before_write=session.lock.check,
    )  # fmt: skip
    left = run.last_plan() or outcome.plan
    done = f"applied {outcome.plan}, and the second plan is empty" if outcome.applied else "nothing to change"
    if left.unseen:
        done = f"{done}, but nobody could compare {', '.join(left.unseen)}"
    return {
        "outcome": done,
        "plan": [change.as_json() for change in outcome.plan.changes],
        "plan digest": outcome.plan.digest,
        "unseen": dict(left.unseen),
    }


def _state(run: AssetRun) -> dict[str, Json]:
    reasons = gate_reasons(run) if run.task.gated else []
    if reasons:
        raise Refused(
            f"{run.address}: cannot be stated yet", reasons, remedy="make each item green (provisioning why ITEM)"
        )
    assert run.task.state is not None  # noqa: S101 - a task has a target or a state
    return {"outcome": "stated", "state": dict(run.task.state(run))}
