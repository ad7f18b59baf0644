"""What the record of an engagement says, as Dagster is to show it; read again only when something moved.

At rest, a look costs one small request for each environment. All is judged anew after a page was written, after a file
changed, when the first evidence grows too old, while a run goes on, and every few minutes for what nothing announces:
another account, state or server under the same names.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.core.evidence import Evidence
from provisioning_assets.core.items import Standing
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.errors import ProvisioningError, internal
from provisioning_assets.orchestration.broken import broken_checks
from provisioning_assets.orchestration.conclusions import GATE, LAUNCH, conclusions, gate, review
from provisioning_assets.orchestration.names import asset_key
from provisioning_assets.orchestration.shown import Shown, shown
from provisioning_assets.runs.asset_run import now
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.opening import open_session
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.standings import gates, gather
from provisioning_assets.runs.task import LAST_RUN

ASKED_ANEW = 300.0
"""Seconds after which identities are asked for again."""

_PAST, _FAR = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass
class Recorded:
    """One engagement's record, and what was read of it."""

    folder: Path
    graph: Graph | None = None
    _stale: bool = True
    """A file changed since the graph was built."""
    _shown: Sequence[Shown] = ()
    _sessions: dict[str, Session] = field(default_factory=dict)
    _opened: float = 0.0
    _until: datetime = _PAST
    """From then on something that was seen is too old."""

    def forget(self, *, servers: bool) -> None:
        """Read the engagement's files again the next time; with `servers`, also ask anew who answers where."""
        self._stale = True
        if servers:
            self._sessions.clear()

    def shown(self) -> Sequence[Shown]:
        """Every check of the engagement."""
        try:
            graph = self._read()
        except Exception as error:  # noqa: BLE001 - a defect must be shown, too
            ours = error if isinstance(error, ProvisioningError) else internal(self.folder.name, error)
            self.graph = None
            return list(broken_checks(self.folder, str(ours)))
        if time.monotonic() - self._opened > ASKED_ANEW:
            self._sessions.clear()
        if len(self._sessions) < len(graph.engagement.environments) or self._moved() or now() >= self._until:
            self._shown = list(self._judged(graph))
        return self._shown

    def _read(self) -> Graph:
        """The graph of the files as they are. Where it is the same as before, what was judged by it stands."""
        before = self.graph
        if before is not None and not self._stale:
            return before
        graph = assemble(load_engagement(self.folder))
        if before is None or not _same(graph, before):
            self.graph = graph
            self._sessions.clear()
        self._stale = False
        return self.graph or graph

    def proves(self, key: dg.AssetCheckKey, seen: object) -> bool:
        """Whether the record has green evidence of this item at this time; true as well where nobody can tell."""
        _, environment, asset = key.asset_key.path
        session = self._sessions.get(environment)
        entries = (entry for page in session.ledger.pages for entry in page.entries) if session else ()
        return session is None or any(
            isinstance(entry, Evidence)
            and (entry.about.asset, entry.item, entry.observed_at.isoformat()) == (asset, key.name, seen)
            and entry.finding.ready
            for entry in entries
        )

    def ran(self, asset: dg.AssetKey, run: str) -> bool:
        """Whether the record has a page of this run; true as well where nobody can tell."""
        session = self._sessions.get(asset.path[1])
        return session is None or any(page.run == run for page in session.ledger.pages)

    def _moved(self) -> bool:
        """Whether a page was written, or a run goes on."""
        moved = False
        for session in list(self._sessions.values()):
            known = len(session.ledger.pages)
            try:
                session.ledger.refresh()
            except ProvisioningError:
                self._sessions.clear()  # what was read before counts no longer
                return True
            moved = moved or len(session.ledger.pages) != known or self._at_work(session)
        return moved

    def _at_work(self, session: Session) -> bool:
        assets = [task.name for task in session.graph.of(session.environment.name)]
        return any(session.ledger.unended(asset, LAST_RUN) for asset in assets)

    def _judged(self, graph: Graph) -> Iterator[Shown]:
        if not self._sessions:
            self._opened = time.monotonic()
        at = now()
        gathered = gather(graph, at, lambda name: self._session(graph, name))
        standings = {(each.environment, each.asset, each.item.name): each for each in gathered.standings}
        self._until = min((_ends(each) for each in gathered.standings), default=_FAR)
        environments = [each.name for each in graph.engagement.environments]
        closed = {name: self._gates(graph, name, gathered.problems.get(name, "")) for name in environments}
        if gathered.problems:
            self._sessions.clear()  # all is asked for the next time
        for task in graph.tasks:
            key = asset_key(graph, task)
            yield from (shown(key, standings[task.environment, task.name, item.name]) for item in task.rules)
            if task.name == LAUNCH:
                yield from review(graph, task, gathered.standings)
            elif GATE in conclusions(task):
                yield gate(graph, task, closed[task.environment][task.name])

    def _gates(self, graph: Graph, environment: str, problem: str) -> dict[str, list[str]]:
        tasks = list(graph.of(environment))
        try:
            if not problem:
                return gates(self._session(graph, environment), tasks)
        except ProvisioningError as error:
            problem = error.told
        return {task.name: [f"could not tell: {problem}"] for task in tasks}

    def _session(self, graph: Graph, environment: str) -> Session:
        if environment not in self._sessions:
            self._sessions[environment] = open_session(graph, environment, run="report")
        return self._sessions[environment]


def _same(one: Graph, other: Graph) -> bool:
    """Whether two graphs are about the same, file by file."""
    return one.engagement == other.engagement and all(one.digests(task) == other.digests(task) for task in one.tasks)


def _ends(standing: Standing) -> datetime:
    """When what was seen of an item is too old."""
    evidence, opens = standing.judgement.evidence, standing.judgement.opens
    with suppress(OverflowError):
        return evidence.observed_at + standing.item.max_age if evidence and opens else _FAR
    return _FAR
