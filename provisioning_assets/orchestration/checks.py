"""Readiness items as Dagster asset checks. What Dagster shows for them is read from the ledger."""

import logging
from collections.abc import Iterator

import dagster as dg

from provisioning_assets.core.items import Item
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.orchestration.conclusions import LAUNCH, conclusions, described, gate, review
from provisioning_assets.orchestration.failures import in_our_words
from provisioning_assets.orchestration.names import asset_key, dagster_name
from provisioning_assets.orchestration.shown import Shown, shown
from provisioning_assets.runs.asset_run import AssetRun, now
from provisioning_assets.runs.evaluate import evaluate, record
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.standings import gate_reasons, gather, stand
from provisioning_assets.runs.task import Task

logger = logging.getLogger("provisioning")


def build_checks(graph: Graph, task: Task) -> dg.AssetChecksDefinition:
    """All checks of an asset in one step, which costs more than most checks: its items, and what follows from them."""
    key = asset_key(graph, task)
    checks = {readiness.item.name: readiness for readiness in task.checks}

    @dg.multi_asset_check(
        name=dagster_name(*key.path, "readiness"),
        specs=[
            *(_spec(key, item) for item in task.rules),
            *(dg.AssetCheckSpec(name, asset=key, description=described(name)) for name in conclusions(task)),
        ],
        can_subset=True,
        required_resource_keys={"sessions"},
        op_tags=_in_order(graph, task),
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        chosen = {selected.name for selected in context.selected_asset_check_keys}
        with in_our_words(task.address):
            run = AssetRun(context.resources.sessions.open(context, graph, task.environment), task)
            for name, readiness in checks.items():
                if name in chosen:
                    evaluation = evaluate(run, readiness)
                    record(run, evaluation)
                    yield _project(run, readiness.item, key)
            # One that is not built has nothing to look with: it is shown as what it is.
            unbuilt = [item for item in task.rules if item.planned and item.name in chosen]
            yield from (shown(key, stand(run.session, task, item)).result() for item in unbuilt)
            if chosen.intersection(conclusions(task)):
                yield from (each.result() for each in _concluded(run) if each.key.name in chosen)

    return check


def _in_order(graph: Graph, task: Task) -> dict[str, str]:
    """Upstream first: a job of checks has no edges between them, and some read what others have just recorded."""
    return {"dagster/priority": str(-graph.tasks.index(task))}


def _spec(key: dg.AssetKey, item: Item) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        item.name,
        asset=key,
        description=item.description,
        blocking=item.gates == "promotion",
        metadata={"review item": item.review_item, "holds": item.gates, "allowed age": str(item.max_age)},
    )


def _project(run: AssetRun, item: Item, key: dg.AssetKey) -> dg.AssetCheckResult:
    """What Dagster shows for an item: its state in the ledger."""
    standing = stand(run.session, run.task, item)
    judgement = standing.judgement
    evidence = judgement.evidence
    looked = evidence is not None and evidence.run == run.session.run_id
    mark = f"{evidence.seconds:.1f} s" if evidence and looked else "as recorded"
    # Not to Dagster's log: it has the same as an event, and each line of its log costs 20 ms.
    seen = f"{run.address}: {item.name} is {judgement.state} ({mark})"
    logger.info("%s: %s", seen, judgement.reason, extra={"item": {"seen": seen, "state": judgement.state.value}})
    return shown(key, standing).result()


def _concluded(run: AssetRun) -> Iterator[Shown]:
    """What follows for the asset, from the record as it is now."""
    graph, task = run.session.graph, run.task
    if task.name == LAUNCH:
        yield from review(graph, task, gather(graph, now()).standings)
    else:
        yield gate(graph, task, _gate_reasons(run))


def _gate_reasons(run: AssetRun) -> list[str]:
    """Nobody can tell where the record of the environment before cannot be read; that is no fault of this run."""
    try:
        return gate_reasons(run)
    except ProvisioningError as error:
        return [f"could not tell: {error.told}"]
