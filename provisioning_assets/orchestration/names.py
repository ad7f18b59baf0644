"""Names of our definitions in Dagster, and tags of our own runs."""

import dagster as dg

from provisioning_assets.runs.graph import Graph
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
