"""The sensor that keeps Dagster's view true where no front door does."""

import os
from pathlib import Path

import dagster as dg

from provisioning_assets.orchestration.projection import Projection
from provisioning_assets.orchestration.unguarded import GUARDED

EVERY = 30


def build_sensor(folder: Path) -> dg.SensorDefinition:
    """Compares what Dagster shows with the record; what it has read stays with the process that it runs in."""
    projection = Projection(folder)

    @dg.sensor(
        name="projection",
        minimum_interval_seconds=EVERY,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Keeps every check as the record has it: stale, forged or recovered results are replaced.",
    )
    def look(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if GUARDED in os.environ:
            return dg.SkipReason("`provisioning ui` does this itself")
        found = list(projection.look(context.instance))
        return dg.SensorResult(asset_events=found) if found else dg.SkipReason("all is shown as the record has it")

    return look
