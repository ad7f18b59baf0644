"""What stands in for a cloud: who does there what the vendor does, and what nobody does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from provisioning_assets.core.kinds import Capability

Lacks = Mapping[Capability, str]
"""Capability to the reason why it is not there, in words."""


@dataclass(frozen=True, slots=True)
class Emulation:
    """What stands in for a cloud, as a profile names it in `PROVISIONING_EMULATION`."""

    alarm_evaluator: str
    """Who evaluates alarms there, for the evidence."""
    lacks: Mapping[str, Lacks] = field(default_factory=dict)
    """Name of a product to what it lacks there."""


EMULATIONS: Mapping[str, Emulation] = MappingProxyType({
    "sandbox": Emulation(alarm_evaluator="emulated alarm engine (not Amazon CloudWatch)"),
    "moto": Emulation(
        alarm_evaluator="nobody (moto evaluates no alarms)",
        lacks={
            "cloudwatch": {Capability.ALARM_EVALUATION: "moto stores alarms and never evaluates them"},
        },
    ),
})  # fmt: skip
