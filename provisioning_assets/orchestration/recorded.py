"""What the record of an engagement says, as Dagster is to show it."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.errors import ProvisioningError, internal
from provisioning_assets.orchestration.broken import broken_checks, remember
from provisioning_assets.orchestration.conclusions import GATE, LAUNCH, conclusions, gate, review
from provisioning_assets.orchestration.names import asset_key
from provisioning_assets.orchestration.shown import Shown, shown
from provisioning_assets.orchestration.watched import ASKED_ANEW, Watched
from provisioning_assets.runs.graph import Graph


@dataclass
class Recorded:
    """One engagement's record, and what was read of it."""

    folder: Path
    graph: Graph | None = None
    away: bool = False
    """An environment did not answer at the last look."""
    _stale: bool = True
    """A file changed since the graph was built."""
    _read_at: float = 0.0
    _watched: dict[str, Watched] = field(default_factory=dict)
    _shown: Sequence[Shown] = ()

    def forget(self, *, servers: bool) -> None:
        """Read the engagement's files again the next time; with `servers`, also ask anew who answers where."""
        self._stale = True
        if servers:
            self._watched.clear()

    def shown(self, within: float) -> Sequence[Shown]:
        """Every check of the engagement. An environment that needs more than so many seconds could not tell."""
        if time.monotonic() - self._read_at > ASKED_ANEW:
            self._stale = True  # what no watch of files sees is seen then
        try:
            graph = self._read()
        except Exception as error:  # noqa: BLE001 - a defect must be shown, too
            ours = error if isinstance(error, ProvisioningError) else internal(self.folder.name, error)
            self.graph, self.away = None, False
            self._watched.clear()
            return list(broken_checks(self.folder, str(ours)))
        moved = [each for each in self._watched.values() if each.look(within)]
        if moved:  # what an environment proves opens gates of others
            for each in self._watched.values():
                if each not in moved and each.problem is None:
                    each.look(within, judge=True)
            self._shown = list(self._judged(graph))
        self.away = any(each.problem for each in self._watched.values())
        return self._shown

    def environment(self, key: dg.AssetCheckKey) -> Watched | None:
        """The environment that a check is of; None for what is of none."""
        _, *rest = key.asset_key.path
        return self._watched.get(rest[0])

    def _read(self) -> Graph:
        """The graph of the files as they are. Where it is the same as before, what was judged by it stands."""
        graph = self.graph
        if graph is None or self._stale:
            graph = assemble(load_engagement(self.folder))
            if self.graph is None or not _same(graph, self.graph):
                self._watched.clear()
                self.graph = graph
                remember(graph)
            self._stale, self._read_at, graph = False, time.monotonic(), self.graph
        if not self._watched:
            self._watched = {each.name: Watched(graph, each.name) for each in graph.engagement.environments}
        return graph

    def _judged(self, graph: Graph) -> Iterator[Shown]:
        found = [each for watched in self._watched.values() for each in watched.standings]
        standings = {(each.environment, each.asset, each.item.name): each for each in found}
        for task in graph.tasks:
            key = asset_key(graph, task)
            yield from (shown(key, standings[task.environment, task.name, item.name]) for item in task.rules)
            if task.name == LAUNCH:
                yield from review(graph, task, found)
            elif GATE in conclusions(task):
                yield gate(graph, task, self._watched[task.environment].closed[task.name])


def _same(one: Graph, other: Graph) -> bool:
    """Whether two graphs are about the same, file by file."""
    return one.engagement == other.engagement and all(one.digests(task) == other.digests(task) for task in one.tasks)
