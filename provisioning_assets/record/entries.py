"""What the ledger records: what was done to an asset, what was seen of it, and who took over from whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from provisioning_assets.core.evidence import Evidence
from provisioning_assets.core.plan import Json


@dataclass(frozen=True, slots=True)
class ApplyStarted:
    """From here on the asset is being changed; evidence from before counts no longer."""

    asset: str
    epoch: int
    plan: str
    summary: str
    kind: Literal["apply_started"] = "apply_started"


@dataclass(frozen=True, slots=True)
class ApplyFinished:
    """The change is done: the second plan was empty."""

    asset: str
    epoch: int
    kind: Literal["apply_finished"] = "apply_finished"


@dataclass(frozen=True, slots=True)
class Observed:
    """What a plan said at this moment: `changes` is empty when live equals desired."""

    asset: str
    content: str
    changes: tuple[dict[str, Json], ...]
    kind: Literal["observed"] = "observed"


@dataclass(frozen=True, slots=True)
class ExerciseStarted:
    """From here on the asset is disturbed on purpose, to prove an item; what was seen before counts when it ended."""

    asset: str
    what: str
    kind: Literal["exercise_started"] = "exercise_started"


@dataclass(frozen=True, slots=True)
class ExerciseFinished:
    """The asset is as it was before."""

    asset: str
    kind: Literal["exercise_finished"] = "exercise_finished"


@dataclass(frozen=True, slots=True)
class TakenOver:
    """The lock of a holder that is gone was taken over, or broken by a person."""

    holder: str
    host: str
    since: datetime
    by_hand: bool = False
    kind: Literal["taken_over"] = "taken_over"


Entry = Evidence | ApplyStarted | ApplyFinished | Observed | ExerciseStarted | ExerciseFinished | TakenOver
