"""Infrastructure: code that provisions a stage. Engines: Terraform."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from provisioning_assets.backends.backend import Backend, Settings
from provisioning_assets.core.plan import Json, Plan
from provisioning_assets.errors import ProviderFailed


@dataclass(frozen=True, slots=True)
class Listener:
    """Callbacks of an engine: one takes lines for people, the other the ID of each process that may write.

    `started` is called before the process does anything.
    """

    progress: Callable[[str], None]
    started: Callable[[int], None] = lambda _pid: None


QUIET = Listener(lambda _line: None)


@dataclass(frozen=True, slots=True)
class StageRoot:
    """A stage of one environment, ready for an engine: where its code is, and its inputs."""

    name: str
    root: Path
    workdir: Path
    """Our folder for the engine's files; never inside the repository's code."""
    prefix: str
    """`<engagement>/<environment>`: with the name, what tells this stage from every other."""
    state: Settings
    """Settings of the environment's store, for an engine that keeps its state there."""
    variables: Mapping[str, Json]
    upstream: Mapping[str, Mapping[str, Json]]
    """Outputs of each earlier stage, by stage name; the root declares a variable of that name to receive them."""
    beside: tuple[str, ...] = ()
    """Names of the environment's other stages of the same engine: what they manage is managed, too."""

    @property
    def key(self) -> str:
        """The stage's name among all that there are."""
        return f"{self.prefix}/{self.name}"


class StateLocked(ProviderFailed):
    """The engine's own state lock is held: by `holder`, taken on `host` at `created`."""

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
            remedy=f"wait for that run; if it is gone for good, release the lock {lock_id or 'ID'}",
        )


class Engine(Backend, Protocol):
    """Plans and applies one stage."""

    def plan(self, stage: StageRoot, listener: Listener) -> Plan:
        """What an apply would do now: addresses, actions and attribute names, without values.

        Every resource that was applied is compared with what is live, or named in `unseen`.
        """
        ...

    def apply(self, stage: StageRoot, plan: Plan, listener: Listener) -> None:
        """Apply the last `plan` of this stage; `ApplyFailed` quotes the engine's own diagnostic."""
        ...

    def outputs(self, stage: StageRoot) -> Mapping[str, Json]:
        """What later stages and the other task classes may rely on; an error before the first apply."""
        ...

    def unlock(self, stage: StageRoot, lock_id: str) -> None:
        """Release this state lock, which a dead run left behind; the caller has made sure that the run is dead."""
        ...

    def state_id(self, stage: StageRoot) -> str | None:
        """Identity of the stage's state; None before the first apply."""
        ...

    def unmanaged(self, stage: StageRoot) -> Mapping[str, str | None]:
        """Coverage: each live resource of the stage to the reason why it is unmanaged; None for a managed one.

        What a stage `beside` it manages is managed; one that was not applied yet manages nothing.
        """
        ...
