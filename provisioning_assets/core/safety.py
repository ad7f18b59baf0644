"""Safety rules: each returns its reasons against a plan, and none when it has none."""

from collections.abc import Callable, Sequence
from datetime import datetime
from math import floor

from provisioning_assets.core.plan import Action, ChangeClass, Plan

_KEEP = (
    "leave it as it is; to lose it on purpose, save what it holds and make this one change by hand: a later plan finds"
    " it done"
)
LOSING = {Action.DELETE, Action.REPLACE}


def keeps_data(plan: Plan) -> Sequence[str]:
    """Refuse what would lose data, now or later."""
    return [
        f"{change} would lose data{f' ({change.because})' if change.because else ''}: {change.remedy or _KEEP}"
        for change in plan.changes
        if change.stateful
    ]


def stays_in_proportion(plan: Plan, *, deleted: float, changed: float) -> Sequence[str]:
    """Refuse a plan that deletes or changes more than a share of what exists: more often a wrong input than a wish.

    Shares lie between 0 and 1. One address may always go.
    """
    losing = sum(change.action in LOSING for change in plan.changes)
    touched = losing + plan.count(Action.UPDATE)
    counts = (("deletes or replaces", losing, deleted, "deleted"), ("changes", touched, changed, "changed"))
    return [
        f"it {what} {count} of {plan.existing} that exist; allowed are {_allowed(plan, share)}: go in smaller steps, or"
        f" raise `safety.{key}` in the engagement file"
        for what, count, share, key in counts
        if count > _allowed(plan, share)
    ]


def touches_what_is_ours(plan: Plan, *, whose: Callable[[str], str | None]) -> Sequence[str]:
    """Refuse to change what belongs to somebody else: `whose` names the owner of an address, None for us."""
    owners = ((change, whose(change.address)) for change in plan.changes)
    return [f"{change} is not ours: it belongs to {owner}" for change, owner in owners if owner]


def respects_freeze(plan: Plan, *, freeze: datetime, now: datetime) -> Sequence[str]:
    """After the freeze, what goes live takes fixes: updates, and operational changes."""
    if now < freeze:
        return []
    return [
        f"{change}: frozen since {freeze.isoformat()}; only fixes (updates) and operational changes are let through"
        for change in plan.changes
        if change.action is not Action.UPDATE and change.change_class is ChangeClass.CONTENT
    ]


def _allowed(plan: Plan, share: float) -> int:
    return max(1, floor(plan.existing * share))
