"""Infrastructure: code that brings up a stage. Engines: Terraform."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from provisioning_assets.core.plan import Json, Plan
from provisioning_assets.errors import ProviderFailed

Progress = Callable[[str], None]
"""Receives one line for people."""


@dataclass(frozen=True, slots=True)
class StageRoot:
    """A stage of one environment, ready for an engine: where its code is and what goes into it."""

    name: str
    root: Path
    workdir: Path
    """Folder of ours for the engine's files; never inside the repository's code."""
    state: Mapping[str, str]
    """Where its state is kept, for example {"bucket", "key", "region"}."""
    variables: Mapping[str, Json]
    upstream: Mapping[str, Mapping[str, Json]]
    """Contract of each earlier stage, by stage name; the root declares a variable of that name for it."""


class StateLocked(ProviderFailed):
    """The engine's own state lock is held; `holder` says by whom, `host` and `created` where and when it was taken."""

    def __init__(
        self, stage: str, holder: str, *, lock_id: str, host: str = "", created: datetime | None = None
    ) -> None:
        self.holder = holder
        self.lock_id = lock_id
        self.host = host
        self.created = created
        super().__init__(
            f"the state of {stage} is locked",
            cause=holder,
            remedy="wait for that run; if it is gone for good, release the lock: terraform force-unlock "
            + (lock_id or "ID"),
        )


class Infrastructure(Protocol):
    """Plans and applies one stage."""

    def plan(self, stage: StageRoot, progress: Progress) -> Plan:
        """What an apply would do now. Addresses, actions and attribute names only: no values."""
        ...

    def apply(self, stage: StageRoot, plan: Plan, progress: Progress) -> None:
        """Do what the last `plan` of this stage said; `ApplyFailed` with the engine's own diagnostic."""
        ...

    def contract(self, stage: StageRoot) -> Mapping[str, Json]:
        """The stage's output `contract`: what later stages and the other task classes may rely on."""
        ...

    def unmanaged(self, stage: StageRoot) -> Mapping[str, str | None]:
        """Coverage: each live thing that belongs to the stage, and why it is not managed (None: it is)."""
        ...

    def release_lock(self, stage: StageRoot, lock_id: str) -> None:
        """Release this state lock, which a dead run left behind; the caller knows that it is dead."""
        ...

    def lineage(self, stage: StageRoot) -> str | None:
        """Identity of the stage's state; None before the first apply."""
        ...

    def version(self) -> str:
        """The engine that is installed here, as `Terraform 1.11.4`; `none` where there is none."""
        ...
