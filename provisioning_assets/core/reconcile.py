"""The one algorithm: observe, plan, refuse or apply, observe again; the second plan must be empty."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from provisioning_assets.core.plan import Plan
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import NotConverged, ProvisioningError, Refused, Waiting


class Target(Protocol):
    """What one asset brings about."""

    def plan(self) -> Plan:
        """Observe, and compare with the desired side."""
        ...

    def apply(self, plan: Plan) -> None:
        """Carry the plan out; raises when a part fails, and `Waiting` when the rest of it is up to somebody else."""
        ...


class Journal(Protocol):
    """Where an apply is recorded, before and after."""

    def apply_started(self, plan: Plan) -> None:
        """Written before the first change."""
        ...

    def apply_finished(self) -> None:
        """Written when nothing is half done; closes an apply that an earlier run left open, too."""
        ...

    def observed(self, plan: Plan) -> None:
        """What the last plan of this run said."""
        ...


Rule = Callable[[Plan], Sequence[str]]
"""Reasons against a plan; empty when the rule has none."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: the plan that it started from, and whether it was applied."""

    plan: Plan
    applied: bool


def reconcile(
    target: Target,
    journal: Journal,
    *,
    address: str,
    gate: Callable[[], Sequence[str]],
    rules: Sequence[Rule] = (),
    before_write: Callable[[], None] = lambda: None,
    dry_run: bool = False,
    within: float = 30.0,
) -> Outcome:
    """Bring the target to its desired side, or say why not.

    The rules speak about writes: an empty plan needs none. The gate speaks about the run: behind a closed one nothing
    is brought about, not even that there was nothing to do. `before_write` raises when the lock is gone. An eventually
    consistent back end gets `within` seconds to show what was written.
    """
    closed = list(gate())
    try:
        plan = target.plan()
    except ProvisioningError as error:
        if closed and not dry_run:
            raise _refused(address, closed) from error
        raise
    if dry_run:
        return Outcome(plan, applied=False)
    against = [] if plan.empty else [reason for rule in rules for reason in rule(plan)]
    if reasons := [*closed, *against]:
        journal.observed(plan)
        raise _refused(address, reasons)
    if plan.empty:
        journal.observed(plan)
        journal.apply_finished()
        return Outcome(plan, applied=False)
    before_write()
    journal.apply_started(plan)
    try:
        target.apply(plan)
    except Waiting:
        # Nothing is half done. What is left stays in the plan, and its item is red until somebody has acted.
        journal.observed(target.plan())
        journal.apply_finished()
        raise
    remaining = settle(target.plan, done=lambda plan: plan.empty, within=within)
    journal.observed(remaining)
    if not remaining.empty:
        raise NotConverged(
            f"{address}: applied, but the plan afterwards is not empty",
            cause="; ".join(str(change) for change in remaining.changes[:10]),
            remedy="something else writes to it, or the provider never settles on it: compare both sides, run again",
        )
    journal.apply_finished()
    return Outcome(plan, applied=True)


def _refused(address: str, reasons: Sequence[str]) -> Refused:
    return Refused(
        f"{address}: nothing was written, {len(reasons)} reason{'s' if len(reasons) > 1 else ''} against it",
        reasons,
        remedy="make each item green (provisioning why ITEM says how), then run again",
    )
