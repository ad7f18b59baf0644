"""What a routing proof found, as the evidence keeps it: the control, and the quiet run beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from provisioning_assets.backends.monitoring import Delivery
from provisioning_assets.core.plan import Json


@dataclass(frozen=True, slots=True)
class Control:
    """The result of a breach with the pager unmuted. Proven when the pager was notified, `delay_seconds` later."""

    rule: str
    evaluator: str
    summary: str
    at: datetime | None = None
    """When the breach was reported."""
    delay_seconds: float | None = None
    pager: tuple[Delivery, ...] = ()

    @property
    def proven(self) -> bool:
        """True when the rule was seen to reach the pager."""
        return self.delay_seconds is not None

    def as_json(self) -> dict[str, Json]:
        """For the evidence; `from_json` reads it back."""
        return {
            "rule": self.rule,
            "evaluator": self.evaluator,
            "summary": self.summary,
            "at": self.at and self.at.isoformat(),
            "delay_seconds": self.delay_seconds,
            "pager": _as_json(self.pager),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Self:
        """The control that was recorded in this form; `KeyError` or `ValueError` when it is not one."""
        pager = tuple(Delivery(d["rule"], datetime.fromisoformat(d["at"]), d["state"]) for d in value["pager"])
        at = datetime.fromisoformat(value["at"]) if value["at"] else None
        return cls(value["rule"], value["evaluator"], value["summary"], at, value["delay_seconds"], pager)


@dataclass(frozen=True, slots=True)
class Quiet:
    """The result of a breach with the pager muted. Proven when it reached the quiet route and not the pager."""

    rule: str
    evaluator: str
    proven: bool
    summary: str
    control: Control | None
    at: datetime | None = None
    """When the breach was reported; None if none was."""
    delay_seconds: float | None = None
    """From the breach until the quiet route delivered it."""
    fired_seconds: float | None = None
    """From the breach until the rule was seen to fire for the pager."""
    silent_seconds: float | None = None
    """How long the pager was watched after the breach."""
    pager: tuple[Delivery, ...] = ()
    quiet: tuple[Delivery, ...] = ()

    def as_json(self) -> dict[str, Json]:
        """For the evidence."""
        return {
            "rule": self.rule,
            "evaluator": self.evaluator,
            "proven": self.proven,
            "summary": self.summary,
            "at": self.at and self.at.isoformat(),
            "delay_seconds": self.delay_seconds,
            "fired_seconds": self.fired_seconds,
            "silent_seconds": self.silent_seconds,
            "pager": _as_json(self.pager),
            "quiet": _as_json(self.quiet),
            "control": self.control and self.control.as_json(),
        }


def _as_json(deliveries: Sequence[Delivery]) -> list[Json]:
    return [{"rule": d.rule, "at": d.received_at.isoformat(), "state": d.state} for d in deliveries]
