"""A target whose back end must hold exactly what is declared, and the finding that says whether it does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from provisioning_assets.core.evidence import CouldNotTell, Finding, Verdict
from provisioning_assets.core.plan import Attributes, Change, Plan, diff
from provisioning_assets.core.reconcile import Target
from provisioning_assets.runs.asset_run import AssetRun

_NAMED = 5
"""Number of differences that a summary names; the evidence has all of them."""


@dataclass(frozen=True)
class Declared:
    """Compares declared with live, address by address."""

    desired: Callable[[], Mapping[str, Attributes]]
    read: Callable[[], Mapping[str, Attributes]]
    write: Callable[[Sequence[Change]], None]
    managed_elsewhere: Callable[[str], str | None] = lambda _address: None
    """The other asset of ours that manages an address, if any: then this one neither judges nor writes it."""
    stateful: Callable[[str], bool] = lambda _address: False
    """Whether a delete or replacement of an address would lose data."""

    def plan(self) -> Plan:
        """The difference between declared and live."""
        observed = {address: a for address, a in self.read().items() if not self.managed_elsewhere(address)}
        return diff(self.desired(), observed, stateful=self.stateful)

    def apply(self, plan: Plan) -> None:
        """Write the plan's changes."""
        self.write(plan.changes)


def equals_declared(run: AssetRun, target: Target) -> Finding:
    """Whether live equals declared, by this run's last plan if there is one, else by a new plan.

    What nobody could compare is a problem by its name. It weighs less than what was seen to differ.
    """
    plan = run.last_plan() or target.plan()
    if plan.equal:
        return Finding.green("live equals declared: the plan is empty", differences=[], unseen={})
    differences = [
        {"action": change.action.value, "address": change.address, "attributes": list(change.attributes)}
        for change in plan.changes
    ]
    differing = {change.address: change.told for change in plan.changes}
    unseen = {name: CouldNotTell(f"{name}: {why}") for name, why in plan.unseen.items() if name not in differing}
    problems = {**differing, **unseen}
    first = "; ".join(list(problems.values())[:_NAMED])
    more = f"; and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
    details = {"differences": differences, "unseen": dict(plan.unseen)}
    if differing:
        return Finding(Verdict.RED, f"live differs from declared: {first}{more}", details, problems)
    return Finding(Verdict.COULD_NOT_TELL, f"could not check: {first}{more}", details, problems)
