"""What we take for shown is what Dagster itself shows: its own code is asked, event after event."""

import asyncio
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData
from dagster._core.loader import LoadingContextForTest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning_assets.orchestration.results import results

ASSET = dg.AssetKey(["shop", "staging", "dns_records"])
CHECK = dg.AssetCheckKey(ASSET, "dns_has_propagated")


@dg.asset(key=ASSET)
def records() -> None:
    """Made by a run."""


@dg.asset_check(asset=ASSET, name=CHECK.name)
def check() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.asset_check(asset=ASSET, name=CHECK.name)
def failing() -> dg.AssetCheckResult:
    raise dg.Failure("nobody could look")


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def report(instance: dg.DagsterInstance, *, target: bool) -> None:
    last = instance.get_asset_records([ASSET])
    made: Any = last[0].asset_entry.last_materialization_record if target and last else None
    data = made and AssetCheckEvaluationTargetMaterializationData(
        run_id=made.run_id, storage_id=made.storage_id, timestamp=made.timestamp
    )
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(ASSET, CHECK.name, passed=True, target_materialization_data=data)
    )


def run(instance: dg.DagsterInstance, *parts: Any) -> None:
    assets = [part for part in parts if not isinstance(part, dg.AssetChecksDefinition)]
    checks = [part for part in parts if isinstance(part, dg.AssetChecksDefinition)]
    definitions = dg.Definitions(assets=assets, asset_checks=checks)
    job = definitions.resolve_implicit_global_asset_job_def()
    job.execute_in_process(instance=instance, raise_on_error=False)


EVENTS = {
    "a run makes it": lambda instance: run(instance, records),
    "a run makes and checks it": lambda instance: run(instance, records, check),
    "a run checks it": lambda instance: run(instance, check),
    "a run fails to check it": lambda instance: run(instance, failing),
    "somebody reports it made": lambda i: i.report_runless_asset_event(dg.AssetMaterialization(ASSET)),
    "somebody reports a pass": lambda instance: report(instance, target=False),
    "somebody reports a pass of the last": lambda instance: report(instance, target=True),
    "it is wiped": lambda instance: instance.wipe_assets([ASSET]),
}


def by_dagster(instance: dg.DagsterInstance) -> bool | None:
    """What GraphQL has as `executionForLatestMaterialization`: whether it succeeded; None for nothing, or not done."""
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([CHECK]).get(CHECK)
    context = LoadingContextForTest(instance)
    if record is None or not asyncio.run(record.targets_latest_materialization(context)):
        return None
    return record.evaluation.passed if record.evaluation and record.status.value != "PLANNED" else None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(st.sampled_from(sorted(EVENTS)), min_size=1, max_size=6))
def test_it_is_what_dagster_shows(instance, events):
    instance.wipe_assets([ASSET])
    for event in events:
        EVENTS[event](instance)
        (found,) = results(instance, [CHECK])
        assert (found.evaluation.passed if found.evaluation else None) == by_dagster(instance), event
        assert found.planned_by is None
