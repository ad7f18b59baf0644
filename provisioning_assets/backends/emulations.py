"""Emulations of a cloud: what stands in for the vendor, and what each of them lacks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from provisioning_assets.core.kinds import Capability

Lacks = Mapping[Capability, str]
"""Capability to the reason, in words, why it is missing."""


@dataclass(frozen=True, slots=True)
class Emulation:
    """What stands in for a cloud, as a profile names it in `PROVISIONING_EMULATION`."""

    alarm_evaluator: str
    """What evaluates alarms there; the evidence names it."""
    lacks: Mapping[str, Lacks] = field(default_factory=dict)
    """Product name to what the product lacks there."""


_MOTO: Mapping[str, Lacks] = {
    "route53": {Capability.GUARDED: "moto deletes a record whatever values the request names, and Amazon does not"},
    "secretsmanager": {
        Capability.GRANTS_TRIED: "moto obeys no IAM policy that names a secret, so everybody reads everything"
    },
}

EMULATIONS: Mapping[str, Emulation] = MappingProxyType({
    "sandbox": Emulation(alarm_evaluator="emulated alarm engine (not Amazon CloudWatch)", lacks=_MOTO),
    "moto": Emulation(
        alarm_evaluator="nobody (moto evaluates no alarms)",
        lacks={
            **_MOTO,
            "cloudwatch": {Capability.ALARM_EVALUATION: "moto stores alarms and never evaluates them"},
        },
    ),
    "ministack": Emulation(
        alarm_evaluator="MiniStack's own evaluator (not Amazon CloudWatch)",
        lacks={
            "cloudwatch": {
                Capability.ALARM_EVALUATION: "MiniStack looks at alarms when a metric is put, at no dimensions, and at"
                " no missing data: an alarm without data is never well, and one that fired stays so",
            },
        },
    ),
})  # fmt: skip
