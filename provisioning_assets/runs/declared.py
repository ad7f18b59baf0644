"""A target whose back end is to hold exactly what is declared, and the item that says that it does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from provisioning_assets.core.evidence import Finding, Verdict
from provisioning_assets.core.plan import Attributes, Change, Plan, diff
from provisioning_assets.core.reconcile import Target
from provisioning_assets.runs.asset_run import AssetRun

_NAMED = 5
"""How many differences a summary names; the evidence has all of them."""


@dataclass(frozen=True)
class Declared:
    """Compares what is declared with what is there, address by address."""

    desired: Callable[[], Mapping[str, Attributes]]
    read: Callable[[], Mapping[str, Attributes]]
    write: Callable[[Sequence[Change]], None]
    managed_elsewhere: Callable[[str], str | None] = lambda _address: None
    """Whose an address is, when another of our assets manages it: not ours to judge, and not ours to write."""
    stateful: Callable[[str], bool] = lambda _address: False
    """Addresses behind which data would be lost."""

    def plan(self) -> Plan:
        """Compare both sides."""
        observed = {address: a for address, a in self.read().items() if not self.managed_elsewhere(address)}
        return diff(self.desired(), observed, stateful=self.stateful)

    def apply(self, plan: Plan) -> None:
        """Write the plan's changes."""
        self.write(plan.changes)


def equals_declared(run: AssetRun, target: Target) -> Finding:
    """Whether live equals declared: this run's own last plan tells if there is one, else a fresh one."""
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
