"""What Dagster shows for a check: its last result, while that is about the last materialization of its asset."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)

__all__ = ["Result", "Target", "results"]


@dataclass(frozen=True, slots=True)
class Result:
    """What Dagster shows for one check."""

    key: dg.AssetCheckKey
    evaluation: dg.AssetCheckEvaluation | None
    """None where it shows nothing, or that the check was not carried out."""
    planned_by: str | None
    """It shows that this run is about to look."""
    last: Target | None
    """The asset's last materialization; its run is empty when somebody reported it."""


def results(instance: dg.DagsterInstance, keys: Iterable[dg.AssetCheckKey]) -> Iterator[Result]:
    """What Dagster shows for each check; as GraphQL's `executionForLatestMaterialization` has it."""
    wanted = list(keys)
    checks = instance.event_log_storage.get_latest_asset_check_execution_by_key(wanted)
    assets = list({key.asset_key: None for key in wanted})
    made: dict[dg.AssetKey, Any] = {
        each.asset_entry.asset_key: each.asset_entry.last_materialization_record
        for each in instance.get_asset_records(assets)
    }
    for key in wanted:
        check, last = checks.get(key), made.get(key.asset_key)
        planned = check is not None and check.status.value == "PLANNED"
        shows = check is not None and not planned and _about_last(check, last)
        yield Result(
            key,
            evaluation=check.evaluation if check is not None and shows else None,
            planned_by=check.run_id if check is not None and planned and _goes_on(instance, check.run_id) else None,
            last=Target(run_id=last.run_id, storage_id=last.storage_id, timestamp=last.timestamp) if last else None,
        )


def _about_last(check: Any, last: Any) -> bool:
    """Whether a result is about the last materialization."""
    if last is None or last.run_id == check.run_id:
        return True
    target = check.evaluation.target_materialization_data
    if target is None:
        return bool(last.timestamp < check.create_timestamp)
    return bool(target.storage_id == last.storage_id)


def _goes_on(instance: dg.DagsterInstance, run: str) -> bool:
    found = instance.get_run_by_id(run)
    return found is not None and not found.is_finished
