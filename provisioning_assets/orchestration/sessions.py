"""The environments that a Dagster run works on: opened at the first step, released at the end."""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import dagster as dg

from provisioning_assets.errors import ProvisioningError
from provisioning_assets.orchestration.names import REUSE, UNATTENDED, asset_key, dagster_name
from provisioning_assets.runs import opening
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.session import Progress, Session

logger = logging.getLogger("provisioning")
Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


@dataclass
class Sessions:
    """The sessions of one Dagster run, by engagement and environment; the locks are held until it ends."""

    graphs: Mapping[str, Graph]
    opened: dict[tuple[str, str], Session] = field(default_factory=dict)
    refused: dict[tuple[str, str], ProvisioningError] = field(default_factory=dict)
    ending: ExitStack = field(default_factory=ExitStack)

    def open(self, context: Context, graph: Graph, environment: str) -> Session:
        """The session of an environment; the first call checks that the needed servers answer, and takes the lock."""
        key = (graph.engagement.name, environment)

        def progress(line: str) -> None:
            context.log.info(line)
            logger.info(line)

        if key in self.refused:
            raise self.refused[key]
        try:
            if key not in self.opened:
                self.opened[key] = self._first(context, graph, environment, progress)
        except ProvisioningError as error:
            self.refused[key] = error
            raise
        session = self.opened[key]
        session.progress = progress
        return session

    def _first(self, context: Context, graph: Graph, environment: str, progress: Progress) -> Session:
        session = opening.open_session(graph, environment, run=context.run.run_id, progress=progress)
        session.reuse = context.run.tags.get(REUSE) == "true"
        session.drills = context.run.tags.get(UNATTENDED) != "true"
        selected = {node.name for node in context.job_def.nodes}
        written = [task for task in graph.of(environment) if dagster_name(*asset_key(graph, task).path) in selected]
        # A run of checks alone only needs the record; any other server out of reach is a red finding of a check.
        opening.reach(session, written)
        if written:
            opening.prepare(session)
        self.ending.callback(opening.close, session)
        opening.hold(session)
        return session

    def close(self) -> None:
        """Release every lock, even when releasing another one fails."""
        self.ending.close()
