"""Engagement folders to Dagster definitions; a broken engagement is shown as such and hides no other."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.engagement.loading import find_engagements, load_engagement
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.orchestration.definitions import (
    REUSE,
    UNATTENDED,
    Sessions,
    asset_key,
    build_asset,
    build_checks,
    dagster_name,
)
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.task import Task

HOURLY = "17 * * * *"


def load_definitions(folder: Path) -> dg.Definitions:
    """Definitions of every engagement below the folder."""
    graphs: dict[str, Graph] = {}
    parts: list[dg.Definitions] = []
    for engagement_folder in find_engagements(folder):
        try:
            graph = assemble(load_engagement(engagement_folder))
        except ProvisioningError as error:
            parts.append(dg.Definitions(assets=[_broken(engagement_folder.name, str(error))]))
            continue
        graphs[graph.engagement.name] = graph
        parts.append(_engagement(graph))

    @dg.resource(description="The environments that a run works on: back ends, ledger, lock.")
    def sessions(_context: dg.InitResourceContext) -> Iterator[Sessions]:
        opened = Sessions(graphs)
        try:
            yield opened
        finally:
            opened.close()

    # In one process: a step's own process costs more than most steps, and the lock covers the run.
    shared = dg.Definitions(resources={"sessions": sessions}, executor=dg.in_process_executor)
    return dg.Definitions.merge(shared, *parts)


def _engagement(graph: Graph) -> dg.Definitions:
    name = graph.engagement.name
    assets, checks, jobs, schedules = [], [], [], []
    for task in graph.tasks:
        assets.append(build_asset(graph, task, _dependencies(graph, task)))
        if task.checks:
            checks.append(build_checks(graph, task))
    for environment in graph.engagement.environments:
        group = dg.AssetSelection.groups(f"{name}/{environment.name}")
        jobs.append(_job(apply_job(name, environment.name), group, f"Provision {environment.name}, and prove it."))
        drift = _job(
            drift_job(name, environment.name),
            dg.AssetSelection.checks(*_check_keys(graph, environment.name)),
            f"Run the checks of {environment.name} alone: what drifted since the last apply?",
            unattended="true",
        )
        jobs.append(drift)
        schedules.append(
            dg.ScheduleDefinition(
                name=dagster_name(name, environment.name, "drift_hourly"),
                job=drift,
                cron_schedule=HOURLY,
                description=f"Looks every hour whether {environment.name} still is as declared.",
                default_status=dg.DefaultScheduleStatus.RUNNING,
            )
        )
    return dg.Definitions(assets=assets, asset_checks=checks, jobs=jobs, schedules=schedules)


def apply_job(engagement: str, environment: str) -> str:
    """Name of the job that provisions an environment."""
    return dagster_name(engagement, environment, "apply")


def drift_job(engagement: str, environment: str) -> str:
    """Name of the job that runs an environment's checks alone."""
    return dagster_name(engagement, environment, "drift")


def _job(
    name: str, selection: dg.AssetSelection, description: str, *, unattended: str = "false"
) -> UnresolvedAssetJobDefinition:
    tags = {REUSE: "true", UNATTENDED: unattended}
    return dg.define_asset_job(name, selection, description=description, tags=tags, executor_def=dg.in_process_executor)


def _check_keys(graph: Graph, environment: str) -> Iterator[dg.AssetCheckKey]:
    for task in graph.of(environment):
        for readiness in task.checks:
            yield dg.AssetCheckKey(asset_key(graph, task), readiness.item.name)


def _dependencies(graph: Graph, task: Task) -> list[dg.AssetKey]:
    """Upstream in the same environment; an environment's first assets stand on the verified one before it."""
    engagement = graph.engagement
    deps = [dg.AssetKey([engagement.name, task.environment, name]) for name in task.upstream]
    before = engagement.before(task.environment)
    if before is not None and (not task.upstream or not task.items):
        deps.append(dg.AssetKey([engagement.name, before.name, "verified_environment"]))
    return deps


def _broken(name: str, problems: str) -> dg.AssetsDefinition:
    """An engagement whose file cannot be read, as one asset that says so and cannot be materialized."""

    @dg.asset(key=[name, "engagement_file"], group_name=name, description=f"```\n{problems}\n```", kinds={"broken"})
    def engagement_file() -> None:
        raise dg.Failure(description=problems, allow_retries=False)

    return engagement_file
