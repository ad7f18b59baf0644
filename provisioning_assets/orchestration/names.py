"""Names of our definitions in Dagster, and tags of our own runs."""

import dagster as dg

from provisioning_assets.runs.graph import VERIFIED, Graph
from provisioning_assets.runs.task import Task

REUSE = "provisioning/reuse"
"""Run tag of our own jobs: slow proofs that still count are restated. A run started by hand repeats them."""

UNATTENDED = "provisioning/unattended"
"""Run tag of the drift jobs: nobody watches them, so they perform no drill. Removed for a check of one item."""


def dagster_name(*parts: str) -> str:
    """Name for a job, a schedule or a set of checks: Dagster accepts only letters, digits and _."""
    return "__".join(parts)


def asset_key(graph: Graph, task: Task) -> dg.AssetKey:
    """`<engagement>/<environment>/<asset>`."""
    return dg.AssetKey([graph.engagement.name, task.environment, task.name])


def apply_job(engagement: str, environment: str) -> str:
    """Name of the job that provisions an environment."""
    return dagster_name(engagement, environment, "apply")


def drift_job(engagement: str, environment: str) -> str:
    """Name of the job that only runs an environment's checks."""
    return dagster_name(engagement, environment, "drift")


def hourly_schedule(engagement: str, environment: str) -> str:
    """Name of the schedule of an environment's drift job."""
    return dagster_name(engagement, environment, "drift_hourly")


def upstream_keys(graph: Graph, task: Task) -> list[dg.AssetKey]:
    """Upstream in the same environment; an environment's first assets depend on the previous verified environment."""
    engagement = graph.engagement
    keys = [dg.AssetKey([engagement.name, task.environment, name]) for name in task.upstream]
    before = engagement.before(task.environment)
    if before is not None and (not task.upstream or not task.items):
        keys.append(dg.AssetKey([engagement.name, before.name, VERIFIED]))
    return keys
