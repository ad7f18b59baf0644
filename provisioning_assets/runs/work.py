"""One asset of a session: what readiness items and targets are handed, and where an apply is recorded."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from provisioning_assets.core.evidence import About
from provisioning_assets.core.plan import Json, Plan
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.record.entries import (
    ApplyFinished,
    ApplyStarted,
    ExerciseFinished,
    ExerciseStarted,
    Observed,
)
from provisioning_assets.runs.graph import Node
from provisioning_assets.runs.session import Session


@dataclass
class Work:
    """One asset of a session: what readiness items and targets are handed."""

    session: Session
    node: Node

    @property
    def engagement(self) -> Engagement:
        """The engagement."""
        return self.session.engagement

    @property
    def environment(self) -> Environment:
        """The environment, with every value filled in."""
        return self.session.environment

    @property
    def address(self) -> str:
        """`<environment>/<asset>`, for people."""
        return f"{self.environment.name}/{self.node.asset}"

    @property
    def files(self) -> Mapping[str, Json]:
        """What the asset is made from besides its section, as it was when its digest was computed."""
        own = self.node.inputs.own["files"]
        return own if isinstance(own, Mapping) else {}

    def about(self) -> About:
        """What evidence taken now is about."""
        digests = self.session.lineage.digests(*self.node.key)
        return About(
            asset=self.node.asset,
            environment=self.node.environment,
            content=digests.content,
            shared=digests.shared,
            epoch=self.session.ledger.epoch(self.node.asset).number,
            world=self.session.world(self.node),
        )

    def remember_inputs(self) -> None:
        """Keep what the digests were made from, so that a later difference can be named."""
        digests = self.session.lineage.digests(*self.node.key)
        self.session.ledger.remember(digests.content_leaves, digests.content)
        self.session.ledger.remember(digests.shared_leaves, digests.shared)

    def last_plan(self) -> Observed | None:
        """What this run's reconciliation saw last: the answer that need not be asked for twice."""
        content = self.session.lineage.digests(*self.node.key).content
        found = self.session.ledger.observed(self.node.asset, content=content, run=self.session.run)
        return found[0] if found else None

    def apply_started(self, plan: Plan) -> None:
        """Record that the asset is being changed from here on."""
        epoch = self.session.ledger.epoch(self.node.asset).number + 1
        self.session.ledger.append(ApplyStarted(self.node.asset, epoch, plan.digest, str(plan)))

    def apply_finished(self) -> None:
        """Record that the asset is as it should be; nothing to record when nothing was open."""
        epoch = self.session.ledger.epoch(self.node.asset)
        if epoch.unfinished:
            self.session.ledger.append(ApplyFinished(self.node.asset, epoch.number))

    @contextmanager
    def exercise(self, what: str) -> Iterator[None]:
        """Disturb the asset on purpose. The record announces it: without its end there, nothing seen before counts."""
        self.session.progress(f"{self.address}: {what}")
        self.session.ledger.append(ExerciseStarted(self.node.asset, what))
        yield
        self.session.ledger.append(ExerciseFinished(self.node.asset))

    def observed(self, plan: Plan) -> None:
        """Record what a plan said."""
        content = self.session.lineage.digests(*self.node.key).content
        self.session.ledger.append(
            Observed(self.node.asset, content, tuple(change.as_json() for change in plan.changes))
        )


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)
