"""Tasks as Dagster definitions: assets, checks, jobs, schedules. What Dagster shows is read from the ledger."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import dagster as dg

from provisioning_assets.core.evidence import State
from provisioning_assets.core.items import Item
from provisioning_assets.core.plan import Json
from provisioning_assets.core.reconcile import reconcile
from provisioning_assets.core.safety import deletes_little, keeps_data, respects_freeze
from provisioning_assets.errors import ProvisioningError, Refused, internal
from provisioning_assets.runs.graph import Lineage, Node
from provisioning_assets.runs.readiness import evaluate, gate_reasons, record, record_failure, stand
from provisioning_assets.runs.session import Progress, Session, open_session
from provisioning_assets.runs.task import AWS, Task
from provisioning_assets.runs.work import Work, now

REUSE = "provisioning/reuse"
"""Run tag of our own jobs: slow proofs that still count are stated again. A run started by hand repeats them."""

UNATTENDED = "provisioning/unattended"
"""Run tag of the drift jobs: nobody watches them, so that they disturb nothing. Taken away for a `recheck`."""

EXIT_CODE = "exit code"
"""Metadata of a failure: what the command line ends with."""

logger = logging.getLogger("provisioning")


Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


@dataclass
class Sessions:
    """The sessions of one Dagster run, by engagement and environment; the locks are held until it ends."""

    lineages: Mapping[str, Lineage]
    opened: dict[tuple[str, str], Session] = field(default_factory=dict)
    refused: dict[tuple[str, str], ProvisioningError] = field(default_factory=dict)
    ending: ExitStack = field(default_factory=ExitStack)

    def open(self, context: Context, lineage: Lineage, environment: str) -> Session:
        """The session of an environment; the first call reaches out to what the run's writes need, and locks."""
        key = (lineage.engagement.name, environment)

        def progress(line: str) -> None:
            context.log.info(line)
            logger.info(line)

        if key in self.refused:
            raise self.refused[key]
        try:
            if key not in self.opened:
                self.opened[key] = self._first(context, lineage, environment, progress)
        except ProvisioningError as error:
            self.refused[key] = error
            raise
        session = self.opened[key]
        session.progress = progress
        return session

    def _first(self, context: Context, lineage: Lineage, environment: str, progress: Progress) -> Session:
        session = open_session(lineage, environment, run=context.run.run_id, progress=progress)
        session.reuse = context.run.tags.get(REUSE) == "true"
        session.exercises = context.run.tags.get(UNATTENDED) != "true"
        selected = {node.name for node in context.job_def.nodes}
        written = [node for node in lineage.of(environment) if dagster_name(*asset_key(lineage, node).path) in selected]
        # Checks alone need the ledger; what else they cannot reach becomes a red finding of their own.
        session.reach(frozenset({AWS}).union(*(node.needs for node in written)))
        if written:
            session.prepare()
        self.ending.callback(session.close)
        session.hold()
        return session

    def close(self) -> None:
        """Give every lock back, each whatever becomes of the others."""
        self.ending.close()


def dagster_name(*parts: str) -> str:
    """Name for a job, a schedule or a set of checks: Dagster takes letters, digits and _ only."""
    return "__".join(parts)


def asset_key(lineage: Lineage, node: Node) -> dg.AssetKey:
    """`<engagement>/<environment>/<asset>`."""
    return dg.AssetKey([lineage.engagement.name, node.environment, node.asset])


def build_asset(lineage: Lineage, node: Node, task: Task, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset that carries the task out."""
    engagement = lineage.engagement

    @dg.asset(
        key=asset_key(lineage, node),
        deps=deps,
        group_name=f"{engagement.name}/{node.environment}",
        description=task.description,
        kinds=set(task.kinds),
        owners=[person.email for person in engagement.roles.operators.agency],
        required_resource_keys={"sessions"},
        metadata={"readiness items": ", ".join(item.name for item in task.item_rules)},
    )
    def materialize(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with _in_our_words(f"{node.environment}/{node.asset}"):
            session = context.resources.sessions.open(context, lineage, node.environment)
            return dg.MaterializeResult(metadata=carry_out(Work(session, node), task))

    return materialize


def carry_out(work: Work, task: Task) -> dict[str, Json]:
    """Do the task's work once; what is to be shown of it. What goes wrong is recorded, and raised as our error."""
    started = time.monotonic()
    try:
        work.remember_inputs()
        shown = _reconcile(work, task) if task.target else _state(work, task)
        seconds = time.monotonic() - started
        work.session.progress(f"{work.address}: {shown['outcome']} ({seconds:.1f} s)")
        return {**shown, "seconds": round(seconds, 1), "digest": work.about().content}
    except ProvisioningError as error:
        problem = error
    except Exception as error:  # noqa: BLE001 - it must leave a record
        problem = internal(work.address, error)
    if not isinstance(problem, Refused):
        for readiness in task.checks[:1]:
            record_failure(work, readiness.item, problem)
    elif work.last_plan() is not None:
        evidence = evaluate(work, task.checks[0])
        if evidence is not None:
            record(work, evidence)
    raise problem


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


def _reconcile(work: Work, task: Task) -> dict[str, Json]:
    engagement, session = work.engagement, work.session
    rules = [keeps_data, deletes_little]
    if session.before is not None:
        rules.append(lambda plan: respects_freeze(plan, freeze=engagement.launch.freeze, now=now()))
    assert task.target is not None  # noqa: S101 - the caller chose this way by it
    outcome = reconcile(
        task.target(work), work, address=work.address, gate=lambda: gate_reasons(work), rules=rules,
        before_write=session.lock.check,
    )  # fmt: skip
    done = f"applied {outcome.plan}, and the second plan is empty" if outcome.applied else "nothing to change"
    return {
        "outcome": done,
        "plan": [change.as_json() for change in outcome.plan.changes],
        "plan digest": outcome.plan.digest,
    }


def _state(work: Work, task: Task) -> dict[str, Json]:
    reasons = gate_reasons(work) if task.gated else []
    if reasons:
        raise Refused(
            f"{work.address}: cannot be stated yet", reasons, remedy="make each item green (provisioning why ITEM)"
        )
    assert task.state is not None  # noqa: S101 - a task has a target or a state
    return {"outcome": "stated", "state": dict(task.state(work))}


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


def build_checks(lineage: Lineage, node: Node, task: Task) -> dg.AssetChecksDefinition:
    """All readiness items of an asset in one step: a step's process costs more than most checks."""
    key = asset_key(lineage, node)
    checks = {readiness.item.name: readiness for readiness in task.checks}

    @dg.multi_asset_check(
        name=dagster_name(*key.path, "readiness"),
        specs=[_spec(key, readiness.item) for readiness in task.checks],
        can_subset=True,
        required_resource_keys={"sessions"},
        op_tags=_in_order(lineage, node),
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        chosen = {selected.name for selected in context.selected_asset_check_keys}
        with _in_our_words(f"{node.environment}/{node.asset}"):
            work = Work(context.resources.sessions.open(context, lineage, node.environment), node)
            for name, readiness in checks.items():
                if name in chosen:
                    evidence = evaluate(work, readiness)
                    if evidence is not None:
                        record(work, evidence)
                    yield _project(work, readiness.item, key)

    return check


def _in_order(lineage: Lineage, node: Node) -> dict[str, str]:
    """Upstream first: checks alone have no edges between them, and some read what others just recorded."""
    return {"dagster/priority": str(-lineage.nodes.index(node))}


def _spec(key: dg.AssetKey, item: Item) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        item.name,
        asset=key,
        description=item.description,
        blocking=item.gates == "promotion",
        metadata={"review item": item.review_item, "holds": item.gates, "allowed age": str(item.max_age)},
    )


def _project(work: Work, item: Item, key: dg.AssetKey) -> dg.AssetCheckResult:
    """What Dagster shows of an item: its state in the ledger. A waiver is a warning, never green."""
    judgement = stand(work.session, work.node, item).judgement
    evidence = judgement.evidence
    looked = evidence is not None and evidence.run == work.session.run
    mark = f"{evidence.seconds:.1f} s" if evidence and looked else "as recorded"
    # Dagster has the same as an event of its own, and each line of its log costs 20 ms.
    logger.info("%s: %s is %s (%s): %s", work.address, item.name, judgement.state, mark, judgement.reason)
    about: dict[str, Json] = {}
    if evidence is not None:
        about = {
            "checked at": evidence.observed_at.isoformat(timespec="seconds"),
            "digest": evidence.about.content,
            "epoch": evidence.about.epoch,
            "evidence": dict(evidence.finding.evidence),
        }
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=item.name,
        passed=judgement.state is State.GREEN,
        severity=dg.AssetCheckSeverity.WARN if judgement.state is State.WAIVED else dg.AssetCheckSeverity.ERROR,
        description=judgement.reason,
        metadata={"state": judgement.state.value, **about},
    )
