"""An engine without a cloud: a stage's own variables are its resources, and its outputs say them again."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import Listener, StageRoot, StateLocked
from provisioning_assets.core.plan import Attributes, Json, Plan, diff
from provisioning_assets.errors import ApplyFailed, ProviderFailed

_OF_EVERY_STAGE = ("engagement", "environment", "region")
"""Variables that say whose stage it is, and make nothing."""


@dataclass
class MemoryState:
    """What is live of one stage."""

    state_id: str = field(default_factory=lambda: secrets.token_hex(8))
    resources: dict[str, Attributes] = field(default_factory=dict)
    applied: dict[str, Attributes] = field(default_factory=dict)
    """What was made live last; nobody else changes this."""
    outputs: dict[str, Json] | None = None
    by_hand: dict[str, str] = field(default_factory=dict)
    """Live things that nobody manages, and why."""
    lock: str = ""
    """Who holds the state, if somebody does."""


class MemoryInfrastructure:
    """Speaks the protocol on dicts. A variable with the value `fails_on` cannot be applied.

    The resource `holds_data` holds data, and is seen to belong to the stage of the key `belongs_to`, whoever makes it.
    How the resource `hidden` is live, it cannot see.
    """

    def __init__(self, fails_on: Json = None, holds_data: str = "", belongs_to: str = "", hidden: str = "") -> None:
        self.states: dict[str, MemoryState] = {}
        """By the stage's key. Tests change it behind the engine's back."""
        self._fails_on = fails_on
        self._holds_data = holds_data
        self._belongs_to = belongs_to
        self._hidden = hidden
        self._planned: dict[str, str] = {}

    @classmethod
    def open(cls, _settings: Any, _access: Access) -> Self:
        """One that manages nothing yet."""
        return cls()

    def reach(self) -> None:
        """Always there."""

    def identity(self) -> Mapping[str, Json]:
        """There is one."""
        return {"engine": "memory 1"}

    def plan(self, stage: StageRoot, listener: Listener) -> Plan:
        """Compare the variables with what is live. Names leave an engine, values do not."""
        listener.progress(f"{stage.name}: planning")
        state = self.states.get(stage.key, MemoryState())
        if state.lock:
            raise StateLocked(stage.name, state.lock, lock_id=state.lock)
        taken = {name: made for name, made in state.applied.items() if name == self._hidden}
        seen = {**state.resources, **taken}
        plan = diff(_desired(stage), seen, sensitive={"value"}, stateful=self._holds_data.__eq__)
        self._planned[stage.key] = plan.digest
        return replace(plan, unseen=dict.fromkeys(taken, "it is hidden"))

    def apply(self, stage: StageRoot, plan: Plan, listener: Listener) -> None:
        """Make live what the last plan said, address by address, up to one that fails."""
        if self._planned.pop(stage.key, None) != plan.digest:
            raise ProviderFailed(f"{stage.name}: this is not the plan that was made last", remedy="plan again")
        state = self.states.setdefault(stage.key, MemoryState())
        desired = _desired(stage)
        for change in plan.changes:
            if change.address in desired:
                if self._fails_on is not None and desired[change.address]["value"] == self._fails_on:
                    raise ApplyFailed(f"apply of {stage.name} failed", where=change.address, remedy="run again")
                state.resources[change.address] = state.applied[change.address] = desired[change.address]
            else:
                state.resources.pop(change.address, None)
                state.applied.pop(change.address, None)
            listener.progress(f"{stage.name}: {change}")
        state.outputs = _own(stage)

    def outputs(self, stage: StageRoot) -> Mapping[str, Json]:
        """The variables as they were applied last."""
        state = self.states.get(stage.key)
        if state is None or state.outputs is None:
            raise ProviderFailed(f"the stage {stage.name} has no contract yet", remedy=f"apply {stage.name} first")
        return dict(state.outputs)

    def unlock(self, stage: StageRoot, lock_id: str) -> None:
        """Forget the lock, if it is this one."""
        state = self.states.get(stage.key)
        if state is not None and state.lock == lock_id:
            state.lock = ""

    def state_id(self, stage: StageRoot) -> str | None:
        """Random, given at the first apply."""
        state = self.states.get(stage.key)
        return None if state is None else state.state_id

    def unmanaged(self, stage: StageRoot) -> Mapping[str, str | None]:
        """Everything live, with a reason for what was added by hand, or by a stage that is not beside it."""
        state = self.states.get(stage.key)
        if state is None:
            return {}
        strays = {
            name: None if key in {f"{stage.prefix}/{each}" for each in stage.beside} else "made by another stage"
            for key, other in self.states.items()
            for name in other.resources
            if key != stage.key == self._belongs_to and name == self._holds_data
        }
        return {**dict.fromkeys(state.resources), **state.by_hand, **strays}


def _desired(stage: StageRoot) -> dict[str, Attributes]:
    return {f"variable.{name}": {"value": value} for name, value in _own(stage).items()}


def _own(stage: StageRoot) -> dict[str, Json]:
    return {name: value for name, value in stage.variables.items() if name not in _OF_EVERY_STAGE}
