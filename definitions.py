"""What Dagster loads: every engagement of this repository as assets, checks, jobs and schedules."""

from pathlib import Path

from provisioning_assets.orchestration.definitions import load_definitions
from provisioning_assets.orchestration.unguarded import warn_if_unguarded

warn_if_unguarded()
defs = load_definitions(Path(__file__).parent / "engagements")
