"""What the ledger records: what was done to an asset, what was seen of it, and who reclaimed whose lock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from provisioning_assets.core.evidence import Evidence


@dataclass(frozen=True, slots=True)
class RunStarted:
    """From here on a run carries the asset out; how it ends is evidence. One that leaves none died."""

    asset: str
    kind: Literal["run_started"] = "run_started"


@dataclass(frozen=True, slots=True)
class RunRefused:
    """The run was refused before it did anything to the asset: how the one before it ended stands."""

    asset: str
    kind: Literal["run_refused"] = "run_refused"


@dataclass(frozen=True, slots=True)
class ApplyStarted:
    """From here on the asset is being changed; evidence from before counts no longer."""

    asset: str
    epoch: int
    plan: str
    summary: str
    region: str = ""
    account: str = ""
    """Where it is changed; empty where its products know of no such thing."""
    kind: Literal["apply_started"] = "apply_started"


@dataclass(frozen=True, slots=True)
class ApplyFinished:
    """The change is done: the second plan was empty."""

    asset: str
    epoch: int
    kind: Literal["apply_finished"] = "apply_finished"


@dataclass(frozen=True, slots=True)
class DrillStarted:
    """From here on the asset is disturbed on purpose, to prove an item; what was seen before counts when it ended."""

    asset: str
    what: str
    kind: Literal["drill_started"] = "drill_started"


@dataclass(frozen=True, slots=True)
class DrillFinished:
    """The asset is as it was before."""

    asset: str
    kind: Literal["drill_finished"] = "drill_finished"


@dataclass(frozen=True, slots=True)
class LockReclaimed:
    """The lock of a holder that was seen to be dead was reclaimed; or a person forced its unlock, and nobody saw."""

    holder: str
    host: str
    since: datetime
    forced: bool = False
    kind: Literal["lock_reclaimed"] = "lock_reclaimed"


Entry = Evidence | RunStarted | RunRefused | ApplyStarted | ApplyFinished | DrillStarted | DrillFinished | LockReclaimed
