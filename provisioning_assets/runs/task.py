"""A task: what one asset brings about, what it is made from, and what proves it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import rfc8785

from provisioning_assets.core.digests import Inputs
from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.items import Item
from provisioning_assets.core.plan import Attributes, Change, Json, Plan, diff
from provisioning_assets.core.reconcile import Target
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.placeholders import names
from provisioning_assets.runs.readiness import ReadinessItem
from provisioning_assets.runs.work import Work

AWS = "aws"
SECRET_STORE = "secret store"  # noqa: S105 - the name of a server
SECRET_VALUES = "secret values"  # noqa: S105 - first values that people give
AUTHORITY = "certificate authority"
NAME_SERVERS = "name servers"
_NAMED = 5
"""How many differences a summary names; the evidence has all of them."""


@dataclass(frozen=True)
class Task:
    """One asset of an environment. Give `target` where it writes, `state` where it only states."""

    name: str
    description: str
    kinds: frozenset[str]
    needs: frozenset[str]
    upstream: tuple[str, ...]
    inputs: Inputs
    items: tuple[ReadinessItem, ...]
    target: Callable[[Work], Target] | None = None
    state: Callable[[Work], Mapping[str, Json]] | None = None
    is_stage: bool = False
    gated: bool = True
    """False for what states whatever is the case, good or bad."""

    @property
    def checks(self) -> tuple[ReadinessItem, ...]:
        """The items that can be run."""
        return tuple(readiness for readiness in self.items if readiness.check is not None)

    @property
    def item_rules(self) -> tuple[Item, ...]:
        """The items without their checks."""
        return tuple(readiness.item for readiness in self.items)


@dataclass
class Declared:
    """A target whose back end is to hold exactly what is declared, address by address."""

    desired: Callable[[], Mapping[str, Attributes]]
    read: Callable[[], Mapping[str, Attributes]]
    write: Callable[[Sequence[Change]], None]
    ignored: Callable[[str], bool] = field(default=lambda _address: False)
    """Addresses that are not ours to judge."""

    def plan(self) -> Plan:
        """Compare what is declared with what is there."""
        observed = {address: a for address, a in self.read().items() if not self.ignored(address)}
        return diff(self.desired(), observed)

    def apply(self, plan: Plan) -> None:
        """Write the plan's changes."""
        self.write(plan.changes)


def inputs(
    engagement: Engagement,
    items: Sequence[ReadinessItem],
    *,
    own: Json,
    template: Json,
    own_files: Json = None,
    shared_files: Json = None,
) -> Inputs:
    """Inputs of a task: its section as filled in here, and as all environments share it.

    A declared difference that the section or a file of it uses takes part with its owner and reason, not its values.
    """
    rules = {readiness.item.name: readiness.item.version for readiness in items}
    used = names(rfc8785.dumps([template, shared_files]).decode())
    declared = {
        name: {"owner": difference.owner, "reason": difference.reason}
        for name, difference in engagement.differences.items()
        if name in used
    }
    return Inputs(
        own={"section": own, "files": own_files, "items": rules},
        shared={"section": template, "differences": declared, "files": shared_files, "items": rules},
    )


def section(engagement: Engagement, environment: Environment, name: str) -> tuple[Json, Json]:
    """A section as this environment has it, and as it is written."""
    return environment.model_dump(mode="json")[name], engagement.template[name]


def equals_declared(work: Work, target: Target) -> Finding:
    """Whether live equals declared: this run's own last plan tells if there is one, else a fresh one."""
    seen = work.last_plan()
    changes = list(seen.changes) if seen else [change.as_json() for change in target.plan().changes]
    if not changes:
        return Finding.green("live equals declared: the plan is empty", differences=[])
    named = [f"{c['action']} {c['address']} ({', '.join(c['attributes'][:_NAMED])})" for c in changes[:_NAMED]]
    more = f"; and {len(changes) - _NAMED} more" if len(changes) > _NAMED else ""
    differences = [{key: change[key] for key in ("action", "address", "attributes")} for change in changes]
    return Finding.red(f"live differs from declared: {'; '.join(named)}{more}", differences=differences)
