"""An engine without a cloud: a stage's variables are its resources, and its contract says them again."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioning_assets.backends.infrastructure import Progress, StageRoot, StateLocked
from provisioning_assets.core.plan import Attributes, Json, Plan, diff
from provisioning_assets.errors import ApplyFailed, ProviderFailed


@dataclass
class MemoryState:
    """What is live of one stage."""

    lineage: str = field(default_factory=lambda: secrets.token_hex(8))
    resources: dict[str, Attributes] = field(default_factory=dict)
    contract: dict[str, Json] | None = None
    by_hand: dict[str, str] = field(default_factory=dict)
    """Live things that nobody manages, and why."""
    lock: str = ""
    """Who holds the state, if somebody does."""


class MemoryInfrastructure:
    """Speaks the protocol on dicts. A variable with the value `fails_on` cannot be applied."""

    def __init__(self, fails_on: Json = None) -> None:
        self.states: dict[str, MemoryState] = {}
        """By the key under which the stage keeps its state. Tests change it behind the engine's back."""
        self._fails_on = fails_on
        self._planned: dict[str, str] = {}

    def plan(self, stage: StageRoot, progress: Progress) -> Plan:
        """Compare the variables with what is live. Names leave an engine, values do not."""
        progress(f"{stage.name}: planning")
        state = self.states.get(stage.state["key"], MemoryState())
        if state.lock:
            raise StateLocked(stage.name, state.lock, lock_id=state.lock)
        plan = diff(_desired(stage), state.resources, sensitive={"value"})
        self._planned[stage.state["key"]] = plan.digest
        return plan

    def apply(self, stage: StageRoot, plan: Plan, progress: Progress) -> None:
        """Make live what the last plan said, address by address, up to one that fails."""
        if self._planned.pop(stage.state["key"], None) != plan.digest:
            raise ProviderFailed(f"{stage.name}: this is not the plan that was made last", remedy="plan again")
        state = self.states.setdefault(stage.state["key"], MemoryState())
        desired = _desired(stage)
        for change in plan.changes:
            if change.address in desired:
                if self._fails_on is not None and desired[change.address]["value"] == self._fails_on:
                    raise ApplyFailed(f"apply of {stage.name} failed", where=change.address, remedy="run again")
                state.resources[change.address] = desired[change.address]
            else:
                state.resources.pop(change.address, None)
            progress(f"{stage.name}: {change}")
        state.contract = dict(stage.variables)

    def contract(self, stage: StageRoot) -> Mapping[str, Json]:
        """The variables as they were applied last."""
        state = self.states.get(stage.state["key"])
        if state is None or state.contract is None:
            raise ProviderFailed(f"the stage {stage.name} has no contract yet", remedy=f"apply {stage.name} first")
        return dict(state.contract)

    def unmanaged(self, stage: StageRoot) -> Mapping[str, str | None]:
        """Everything live, with a reason for what was added by hand."""
        state = self.states.get(stage.state["key"])
        return {} if state is None else {**dict.fromkeys(state.resources), **state.by_hand}

    def release_lock(self, stage: StageRoot, lock_id: str) -> None:
        """Forget the lock, if it is this one."""
        state = self.states.get(stage.state["key"])
        if state is not None and state.lock == lock_id:
            state.lock = ""

    def lineage(self, stage: StageRoot) -> str | None:
        """Random, given at the first apply."""
        state = self.states.get(stage.state["key"])
        return None if state is None else state.lineage

    def version(self) -> str:
        """There is one."""
        return "memory 1"


def _desired(stage: StageRoot) -> dict[str, Attributes]:
    return {f"variable.{name}": {"value": value} for name, value in stage.variables.items()}
