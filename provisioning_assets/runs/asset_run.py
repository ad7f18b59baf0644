"""One asset during one run: what targets and readiness items receive, and where an apply is recorded."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.backend import Settings
from provisioning_assets.core.evidence import About
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Json, Plan
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.record.entries import ApplyFinished, ApplyStarted, DrillFinished, DrillStarted
from provisioning_assets.runs.identity import identity_of
from provisioning_assets.runs.location import location
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.task import Task


@dataclass(frozen=True, slots=True)
class AssetRun:
    """One asset during one run."""

    session: Session
    task: Task
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when the check's time is up: if its thread goes on, it opens and records nothing more."""

    @property
    def engagement(self) -> Engagement:
        """The engagement."""
        return self.session.engagement

    @property
    def environment(self) -> Environment:
        """The environment, with every value filled in."""
        return self.session.environment

    @property
    def access(self) -> Access:
        """The addresses and credentials of the environment's servers."""
        return self.session.access

    @property
    def scope(self) -> str:
        """The environment's name in shared places: `<engagement>-<environment>`."""
        return self.session.scope

    @property
    def address(self) -> str:
        """`<environment>/<asset>`, for people."""
        return self.task.address

    @property
    def files(self) -> Mapping[str, Json]:
        """The files that the asset is made from, besides its section, as they were when its digest was computed."""
        own = self.task.inputs.own["files"]
        return own if isinstance(own, Mapping) else {}

    def backend(self, kind: Kind, settings: Settings | None = None) -> Any:
        """The environment's product of a kind."""
        self._require_time()
        return self.session.backend(kind, settings)

    def progress(self, line: str) -> None:
        """Show one line to people."""
        self.session.progress(f"{self.address}: {line}")

    def about(self) -> About:
        """What evidence recorded now is about; raises when a back end cannot say its identity."""
        return self._about(identity_of(self.session, self.task))

    def about_unknown(self) -> About:
        """The same, when the identity is unknown."""
        return self._about(None)

    def _about(self, identity: str | None) -> About:
        digests = self.session.graph.digests(self.task)
        epoch = self.session.ledger.epoch(self.task.name).number
        return About(self.task.name, self.task.environment, digests.content, digests.shared, epoch, identity)

    def remember_inputs(self) -> None:
        """Record what the digests were computed from, so that a later difference can be named."""
        digests = self.session.graph.digests(self.task)
        self.session.ledger.remember(digests.content_leaves, digests.content)
        self.session.ledger.remember(digests.shared_leaves, digests.shared)

    def last_plan(self) -> Plan | None:
        """The last plan of the asset in this run, if any, so that it need not be made twice."""
        return self.session.plans.get(self.task.name)

    def observed(self, plan: Plan) -> None:
        """Keep a plan for `last_plan`."""
        self.session.plans[self.task.name] = plan

    def apply_started(self, plan: Plan) -> None:
        """Record that the asset is being changed from here on."""
        epoch = self.session.ledger.epoch(self.task.name).number + 1
        where = location(self.session, [self.task])
        started = ApplyStarted(self.task.name, epoch, plan.digest, str(plan), where.region, where.account)
        self.session.ledger.append(started)

    def apply_finished(self) -> None:
        """Record that the asset has converged; does nothing when no apply was open."""
        epoch = self.session.ledger.epoch(self.task.name)
        if epoch.unfinished:
            self.session.ledger.append(ApplyFinished(self.task.name, epoch.number))

    @contextmanager
    def drill(self, what: str) -> Iterator[None]:
        """Disturb the asset on purpose. Until the record has the end of the drill, no earlier evidence counts."""
        self._require_time()
        self.progress(what)
        self.session.ledger.append(DrillStarted(self.task.name, what))
        yield
        self._require_time()  # when time is up, the drill stays open in the record: the next run undoes it
        self.session.ledger.append(DrillFinished(self.task.name))

    def _require_time(self) -> None:
        if self.ended.is_set():
            raise ProvisioningError(f"{self.address}: its time was over", remedy="run it again")


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)
