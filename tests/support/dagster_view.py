"""What Dagster shows for the checks of an engagement, and somebody who lies to it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from provisioning_assets.orchestration.conclusions import check_keys
from provisioning_assets.orchestration.projection import Projection
from provisioning_assets.orchestration.results import results
from provisioning_assets.runs.graph import Graph


@contextmanager
def instance_in(folder: Path) -> Iterator[dg.DagsterInstance]:
    """A Dagster of its own."""
    folder.mkdir()
    with dg.DagsterInstance.local_temp(str(folder)) as made:
        yield made


def key(environment: str, asset: str, check: str) -> dg.AssetCheckKey:
    """A check of the demo shop."""
    return dg.AssetCheckKey(dg.AssetKey(["demo_shop", environment, asset]), check)


def correct(projection: Projection, instance: dg.DagsterInstance) -> set[str]:
    """Look once, and tell Dagster; what it was told, as `<environment>/<asset>: <check>`."""
    found = list(projection.look(instance))
    for each in found:
        instance.report_runless_asset_event(each)
    return {f"{'/'.join(each.asset_key.path[1:])}: {each.check_name}" for each in found}


def shows(instance: dg.DagsterInstance, graph: Graph) -> Mapping[str, dg.AssetCheckEvaluation | None]:
    """What is shown for each check."""
    keys = [each for task in graph.tasks for each in check_keys(graph, task)]
    return {f"{'/'.join(r.key.asset_key.path[1:])}: {r.key.name}": r.evaluation for r in results(instance, keys)}


def passing(instance: dg.DagsterInstance, graph: Graph) -> set[str]:
    """What is shown green."""
    return {name for name, found in shows(instance, graph).items() if found is not None and found.passed}


def lie(instance: dg.DagsterInstance, about: dg.AssetCheckKey, *, passed: bool = True, **metadata: str) -> None:
    """Report a result that nobody saw."""
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(about.asset_key, about.name, passed=passed, metadata=metadata)
    )
