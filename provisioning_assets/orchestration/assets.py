"""Tasks as Dagster assets."""

import dagster as dg

from provisioning_assets.orchestration.failures import in_our_words
from provisioning_assets.orchestration.names import asset_key
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.carry_out import carry_out
from provisioning_assets.runs.graph import VERIFIED, Graph
from provisioning_assets.runs.task import Task


def build_asset(graph: Graph, task: Task) -> dg.AssetsDefinition:
    """The asset that carries out the task."""
    engagement = graph.engagement

    @dg.asset(
        key=asset_key(graph, task),
        deps=_dependencies(graph, task),
        group_name=f"{engagement.name}/{task.environment}",
        description=task.description,
        kinds=set(task.labels),
        owners=[person.email for person in engagement.roles.operators.agency],
        required_resource_keys={"sessions"},
        metadata={"readiness items": ", ".join(item.name for item in task.rules)},
    )
    def materialize(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with in_our_words(task.address):
            session = context.resources.sessions.open(context, graph, task.environment)
            return dg.MaterializeResult(metadata=carry_out(AssetRun(session, task)))

    return materialize


def _dependencies(graph: Graph, task: Task) -> list[dg.AssetKey]:
    """Upstream in the same environment; an environment's first assets depend on the previous verified environment."""
    engagement = graph.engagement
    deps = [dg.AssetKey([engagement.name, task.environment, name]) for name in task.upstream]
    before = engagement.before(task.environment)
    if before is not None and (not task.upstream or not task.items):
        deps.append(dg.AssetKey([engagement.name, before.name, VERIFIED]))
    return deps


def build_broken(name: str, problems: str) -> dg.AssetsDefinition:
    """An engagement whose file cannot be read: one asset that says so and cannot be materialized."""

    @dg.asset(key=[name, "engagement_file"], group_name=name, description=f"```\n{problems}\n```", kinds={"broken"})
    def engagement_file() -> None:
        raise dg.Failure(description=problems, allow_retries=False)

    return engagement_file
