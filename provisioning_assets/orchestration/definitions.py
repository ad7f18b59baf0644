"""Engagement folders as Dagster definitions; a broken engagement is shown as such and hides no other."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.engagement.loading import find_engagements, load_engagement
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.orchestration.assets import build_asset
from provisioning_assets.orchestration.broken import build_broken, remember
from provisioning_assets.orchestration.checks import build_checks
from provisioning_assets.orchestration.jobs import build_jobs
from provisioning_assets.orchestration.sensors import build_sensor
from provisioning_assets.orchestration.sessions import Sessions
from provisioning_assets.runs.graph import Graph


def load_definitions(folder: Path) -> dg.Definitions:
    """Definitions of every engagement below the folder."""
    graphs: dict[str, Graph] = {}
    parts: list[dg.Definitions] = []
    for engagement_folder in find_engagements(folder):
        try:
            engagement = load_engagement(engagement_folder)
            graph = assemble(engagement)
        except ProvisioningError as error:
            parts.append(build_broken(engagement_folder, str(error)))
            continue
        graphs[engagement.name] = graph
        remember(graph)
        assets = [build_asset(graph, task) for task in graph.tasks]
        checks = [build_checks(graph, task) for task in graph.tasks]
        parts.append(dg.Definitions(assets=assets, asset_checks=checks))
        parts.extend(build_jobs(graph, environment.name) for environment in engagement.environments)

    @dg.resource(description="The environments that a run works on: back ends, ledger, lock.")
    def sessions(_context: dg.InitResourceContext) -> Iterator[Sessions]:
        opened = Sessions(graphs)
        try:
            yield opened
        finally:
            opened.close()

    # In one process: a step's own process costs more than most steps, and the lock covers the run.
    shared = dg.Definitions(
        resources={"sessions": sessions}, executor=dg.in_process_executor, sensors=[build_sensor(folder)]
    )
    return dg.Definitions.merge(shared, *parts)
