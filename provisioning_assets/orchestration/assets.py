"""Tasks as Dagster assets."""

import dagster as dg

from provisioning_assets.orchestration.failures import in_our_words
from provisioning_assets.orchestration.names import asset_key, upstream_keys
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.carry_out import carry_out
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.task import Task


def build_asset(graph: Graph, task: Task) -> dg.AssetsDefinition:
    """The asset that carries out the task."""
    engagement, content = graph.engagement, graph.digests(task).content

    @dg.asset(
        key=asset_key(graph, task),
        deps=upstream_keys(graph, task),
        group_name=f"{engagement.name}/{task.environment}",
        description=task.description,
        kinds=set(task.labels),
        owners=[person.email for person in engagement.roles.operators.agency],
        # Our content digest both times: the graph says itself what an edit made different from what was proven.
        code_version=content,
        required_resource_keys={"sessions"},
        metadata={"readiness items": ", ".join(item.name for item in task.rules)},
    )
    def materialize(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with in_our_words(task.address):
            session = context.resources.sessions.open(context, graph, task.environment)
            done = carry_out(AssetRun(session, task))
            return dg.MaterializeResult(metadata=done, data_version=dg.DataVersion(content))

    return materialize
