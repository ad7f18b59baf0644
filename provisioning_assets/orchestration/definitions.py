"""Tasks as Dagster definitions: assets, checks, jobs, schedules. What Dagster shows is read from the ledger."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import dagster as dg

from provisioning_assets.core.evidence import State
from provisioning_assets.core.items import Item
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProvisioningError, internal
from provisioning_assets.runs import opening
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.carry_out import carry_out
from provisioning_assets.runs.evaluate import evaluate, record
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.session import Progress, Session
from provisioning_assets.runs.standings import stand
from provisioning_assets.runs.task import Task

REUSE = "provisioning/reuse"
"""Run tag of our own jobs: slow proofs that still count are stated again. A run started by hand repeats them."""

UNATTENDED = "provisioning/unattended"
"""Run tag of the drift jobs: nobody watches them, so that they disturb nothing. Taken away for a check of one item."""

EXIT_CODE = "exit code"
"""Metadata of a failure: what the command line ends with."""

logger = logging.getLogger("provisioning")


Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


@dataclass
class Sessions:
    """The sessions of one Dagster run, by engagement and environment; the locks are held until it ends."""

    graphs: Mapping[str, Graph]
    opened: dict[tuple[str, str], Session] = field(default_factory=dict)
    refused: dict[tuple[str, str], ProvisioningError] = field(default_factory=dict)
    ending: ExitStack = field(default_factory=ExitStack)

    def open(self, context: Context, graph: Graph, environment: str) -> Session:
        """The session of an environment; the first call reaches out to what the run's writes need, and locks."""
        key = (graph.engagement.name, environment)

        def progress(line: str) -> None:
            context.log.info(line)
            logger.info(line)

        if key in self.refused:
            raise self.refused[key]
        try:
            if key not in self.opened:
                self.opened[key] = self._first(context, graph, environment, progress)
        except ProvisioningError as error:
            self.refused[key] = error
            raise
        session = self.opened[key]
        session.progress = progress
        return session

    def _first(self, context: Context, graph: Graph, environment: str, progress: Progress) -> Session:
        session = opening.open_session(graph, environment, run=context.run.run_id, progress=progress)
        session.reuse = context.run.tags.get(REUSE) == "true"
        session.drills = context.run.tags.get(UNATTENDED) != "true"
        selected = {node.name for node in context.job_def.nodes}
        written = [task for task in graph.of(environment) if dagster_name(*asset_key(graph, task).path) in selected]
        # Checks alone need the record; what else they cannot reach becomes a red finding of their own.
        opening.reach(session, written)
        if written:
            opening.prepare(session)
        self.ending.callback(opening.close, session)
        opening.hold(session)
        return session

    def close(self) -> None:
        """Give every lock back, each whatever becomes of the others."""
        self.ending.close()


def dagster_name(*parts: str) -> str:
    """Name for a job, a schedule or a set of checks: Dagster takes letters, digits and _ only."""
    return "__".join(parts)


def asset_key(graph: Graph, task: Task) -> dg.AssetKey:
    """`<engagement>/<environment>/<asset>`."""
    return dg.AssetKey([graph.engagement.name, task.environment, task.name])


def build_asset(graph: Graph, task: Task, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset that carries the task out."""
    engagement = graph.engagement

    @dg.asset(
        key=asset_key(graph, task),
        deps=deps,
        group_name=f"{engagement.name}/{task.environment}",
        description=task.description,
        kinds=set(task.labels),
        owners=[person.email for person in engagement.roles.operators.agency],
        required_resource_keys={"sessions"},
        metadata={"readiness items": ", ".join(item.name for item in task.rules)},
    )
    def materialize(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with _in_our_words(task.address):
            session = context.resources.sessions.open(context, graph, task.environment)
            return dg.MaterializeResult(metadata=carry_out(AssetRun(session, task)))

    return materialize


@contextmanager
def _in_our_words(address: str) -> Iterator[None]:
    """Whatever a step raises reaches Dagster as our error, and without what it was raised from."""
    try:
        yield
    except ProvisioningError as error:
        problem = error
    except Exception as error:  # noqa: BLE001 - see `internal`
        problem = internal(address, error)
    else:
        return
    raise failure(problem) from None


def failure(error: ProvisioningError) -> dg.Failure:
    """Our error as Dagster shows it: the text for people, its parts as metadata."""
    return dg.Failure(
        description=str(error),
        metadata={
            "what": error.what,
            "where": error.where,
            "cause": error.cause,
            "remedy": error.remedy,
            EXIT_CODE: error.exit_code,
        },
        allow_retries=False,
    )


def build_checks(graph: Graph, task: Task) -> dg.AssetChecksDefinition:
    """All readiness items of an asset in one step: a step's process costs more than most checks."""
    key = asset_key(graph, task)
    checks = {readiness.item.name: readiness for readiness in task.checks}

    @dg.multi_asset_check(
        name=dagster_name(*key.path, "readiness"),
        specs=[_spec(key, readiness.item) for readiness in task.checks],
        can_subset=True,
        required_resource_keys={"sessions"},
        op_tags=_in_order(graph, task),
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        chosen = {selected.name for selected in context.selected_asset_check_keys}
        with _in_our_words(task.address):
            run = AssetRun(context.resources.sessions.open(context, graph, task.environment), task)
            for name, readiness in checks.items():
                if name in chosen:
                    record(run, evaluate(run, readiness))
                    yield _project(run, readiness.item, key)

    return check


def _in_order(graph: Graph, task: Task) -> dict[str, str]:
    """Upstream first: checks alone have no edges between them, and some read what others just recorded."""
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
    """What Dagster shows of an item: its state in the ledger. A waiver is a warning, never green."""
    judgement = stand(run.session, run.task, item).judgement
    evidence = judgement.evidence
    looked = evidence is not None and evidence.run == run.session.run_id
    mark = f"{evidence.seconds:.1f} s" if evidence and looked else "as recorded"
    # Dagster has the same as an event of its own, and each line of its log costs 20 ms.
    logger.info("%s: %s is %s (%s): %s", run.address, item.name, judgement.state, mark, judgement.reason)
    about: dict[str, Json] = {}
    if evidence is not None:
        about = {
            "checked at": evidence.observed_at.isoformat(timespec="seconds"),
            "digest": evidence.about.content,
            "epoch": evidence.about.epoch,
            "verdict": evidence.finding.verdict.value,
            "evidence": dict(evidence.finding.details),
        }
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=item.name,
        passed=judgement.state is State.GREEN,
        severity=dg.AssetCheckSeverity.WARN if judgement.state is State.WAIVED else dg.AssetCheckSeverity.ERROR,
        description=judgement.reason,
        metadata={"state": judgement.state.value, **about},
    )
