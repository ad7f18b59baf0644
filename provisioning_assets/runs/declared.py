"""A target whose back end must hold exactly what is declared, and the finding that says whether it does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from provisioning_assets.core.evidence import Finding, Verdict
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
    """Whether live equals declared, by this run's last plan if there is one, else by a new plan."""
    plan = run.last_plan() or target.plan()
    if plan.empty:
        return Finding.green("live equals declared: the plan is empty", differences=[])
    differences = [
        {"action": change.action.value, "address": change.address, "attributes": list(change.attributes)}
        for change in plan.changes
    ]
    problems = {change.address: change.told for change in plan.changes}
    first = "; ".join(list(problems.values())[:_NAMED])
    more = f"; and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
    return Finding(Verdict.RED, f"live differs from declared: {first}{more}", {"differences": differences}, problems)
