"""One environment during one run: its access, its back ends, its record, its lock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.backend import Settings
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Json, Plan
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.record.ledger import Ledger
from provisioning_assets.record.lock import EnvironmentLock
from provisioning_assets.runs.graph import Graph

Progress = Callable[[str], None]
LOCK_WAIT = 60.0
"""Seconds that a run waits for another run on the same environment before it is refused."""


def silent(_line: str) -> None:
    """Progress that nobody sees."""


@dataclass
class Session:
    """What work on one environment needs. Back ends are opened on first use."""

    graph: Graph
    environment: Environment
    access: Access
    run_id: str
    before: "Session | None" = None
    """The previous environment, whose proof this one's writes need."""
    progress: Progress = silent
    reuse: bool = False
    """Slow proofs that still count are restated instead of repeated."""
    drills: bool = False
    """This run may disturb the environment on purpose where a proof needs it."""
    lock_wait: float = LOCK_WAIT
    lock_held: bool = field(default=False, init=False)
    plans: dict[str, Plan] = field(default_factory=dict, init=False)
    """The last plan of each asset in this run, so that it need not be made twice."""
    known: dict[str, Json] = field(default_factory=dict, init=False)
    """Answers that do not change during a run, so that each is asked for once."""
    _opened: dict[tuple[Kind, str], Any] = field(default_factory=dict, init=False)

    @property
    def engagement(self) -> Engagement:
        """The engagement that the environment belongs to."""
        return self.graph.engagement

    @property
    def scope(self) -> str:
        """The environment's name in shared places: `<engagement>-<environment>`."""
        return f"{self.engagement.name}-{self.environment.name}"

    @property
    def prefix(self) -> str:
        """Key prefix of everything of this environment in the store."""
        return f"{self.engagement.name}/{self.environment.name}"

    @property
    def workdir(self) -> Path:
        """Folder where engines keep their files; ignored by git."""
        return self.engagement.repository / ".provisioning" / "work" / self.engagement.name / self.environment.name

    def backend(self, kind: Kind, settings: Settings | None = None) -> Any:
        """The environment's product of a kind, or the one that these settings name, behind the kind's protocol."""
        chosen = settings or self.environment.settings(kind)
        key = kind, chosen.model_dump_json()
        if key not in self._opened:
            self._opened[key] = catalogue.open_backend(kind, chosen, self.access)
        return self._opened[key]

    @cached_property
    def ledger(self) -> Ledger:
        """The environment's record. Only the holder of the lock writes to it."""
        place, copies = f"{self.prefix}/ledger", self.workdir / ".ledger"
        store = self.backend(Kind.STORE)
        ledger = Ledger(store, place, run=self.run_id, guard=self.lock.check, copies=copies)
        ledger.refresh()
        return ledger

    @cached_property
    def lock(self) -> EnvironmentLock:
        """The environment's lock."""
        store = self.backend(Kind.STORE)
        return EnvironmentLock(store, f"{self.prefix}/lock.json", run=self.run_id, environment=self.scope)
