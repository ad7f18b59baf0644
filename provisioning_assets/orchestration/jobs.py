"""The jobs of an environment, and the schedule of its drift run."""

import dagster as dg

from provisioning_assets.orchestration.conclusions import check_keys
from provisioning_assets.orchestration.names import REUSE, UNATTENDED, apply_job, drift_job, hourly_schedule
from provisioning_assets.runs.graph import Graph

HOURLY = "17 * * * *"


def build_jobs(graph: Graph, environment: str) -> dg.Definitions:
    """A job that provisions and proves the environment, and an hourly job that only runs its checks."""
    name = graph.engagement.name
    checks = [key for task in graph.of(environment) for key in check_keys(graph, task)]
    apply = dg.define_asset_job(
        apply_job(name, environment),
        dg.AssetSelection.groups(f"{name}/{environment}"),
        description=f"Provision {environment}, and prove it.",
        tags={REUSE: "true", UNATTENDED: "false"},
        executor_def=dg.in_process_executor,
    )
    drift = dg.define_asset_job(
        drift_job(name, environment),
        dg.AssetSelection.checks(*checks),
        description=f"Run the checks of {environment} alone: what drifted since the last apply?",
        tags={REUSE: "true", UNATTENDED: "true"},
        executor_def=dg.in_process_executor,
    )
    hourly = dg.ScheduleDefinition(
        name=hourly_schedule(name, environment),
        job=drift,
        cron_schedule=HOURLY,
        description=f"Looks every hour whether {environment} still is as declared.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return dg.Definitions(jobs=[apply, drift], schedules=[hourly])
