"""Where every item stands, judged from the record alone, and which gates that keeps closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from provisioning_assets.core.digests import first_difference
from provisioning_assets.core.evidence import About, Evidence, Judgement, State, Verdict, judge
from provisioning_assets.core.items import Item, Standing, closed_by
from provisioning_assets.errors import ProvisioningError, internal
from provisioning_assets.runs.asset_run import AssetRun, now
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.opening import open_session
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.task import Task


@dataclass(frozen=True, slots=True)
class Gathered:
    """Where every item of an engagement stands, and which records could not be read."""

    standings: tuple[Standing, ...]
    problems: tuple[str, ...]


def gather(graph: Graph, at: datetime) -> Gathered:
    """Every environment's standings; where a record cannot be read, its items are red (could not tell)."""
    found: list[Standing] = []
    problems: list[str] = []
    for environment in graph.engagement.environments:
        try:
            found.extend(standings(open_session(graph, environment.name, run="report"), at=at))
        except Exception as error:  # noqa: BLE001 - one environment hides no other, not even by a defect
            ours = error if isinstance(error, ProvisioningError) else internal(environment.name, error)
            problems.append(f"{environment.name}: the record could not be read\n{ours}")
            found.extend(unreadable(graph, environment.name, ours))
    return Gathered(tuple(found), tuple(problems))


def standings(session: Session, *, at: datetime | None = None) -> list[Standing]:
    """Every item of the environment, upstream first."""
    moment = at or now()
    return [
        stand(session, task, item, at=moment)
        for task in session.graph.of(session.environment.name)
        for item in task.rules
    ]


def stand(
    session: Session, task: Task, item: Item, *, at: datetime | None = None, promotes: str | None = None
) -> Standing:
    """Where an item stands, from the ledger alone. `promotes`: the digest that another environment must share."""
    moment = at or now()
    evidence = session.ledger.evidence(task.name, item.name)
    try:
        about = AssetRun(session, task).about()
    except ProvisioningError as error:
        unknown = Judgement(State.RED, f"could not tell: {error.told}", evidence, Verdict.COULD_NOT_TELL, error.parts)
        return Standing(item, task.name, task.environment, unknown)
    if promotes is not None:
        about = replace(about, shared=promotes)
    judgement = judge(
        evidence,
        item,
        about=about,
        unfinished=session.ledger.epoch(task.name).unfinished,
        now=moment,
        unended=_unended(session, task.name, item),
        compare_content=promotes is None,
    )
    if item.derived and judgement.state is State.GREEN:
        judgement = _still_derived(session, task, judgement, moment)
    elif evidence is not None and judgement.state is State.STALE:
        judgement = replace(judgement, reason=judgement.reason + _difference(session, task, evidence, about))
    return Standing(item, task.name, task.environment, judgement)


def gate_reasons(run: AssetRun) -> list[str]:
    """Why this asset may not be written: what is unproven before it here, or anywhere in the environment before."""
    return gates(run.session, [run.task])[run.task.name]


def gates(session: Session, tasks: Sequence[Task]) -> dict[str, list[str]]:
    """Why each of these assets of the environment may not be written; each item is judged once."""
    graph, known = session.graph, dict[str, list[str]]()

    def unproven(task: Task) -> list[str]:
        if task.name not in known:
            known[task.name] = _unproven(session, task, promotes=None)
        return known[task.name]

    before = _unproven_before(session, tasks[0].environment) if tasks else []
    found = {}
    for task in tasks:
        side_by_side = session.engagement.promotion == "big-bang" and task.is_stage
        upstream = [each for each in graph.upstream(task) if not (side_by_side and each.is_stage)]
        found[task.name] = [*(reason for each in upstream for reason in unproven(each)), *before]
    return found


def _unproven_before(session: Session, environment: str) -> list[str]:
    """What the environment before this one has not proven of what this one is made from."""
    if session.before is None:
        return []
    session.before.ledger.refresh()
    graph, reasons = session.graph, list[str]()
    for ours in graph.verified(environment):
        theirs = graph.task(session.before.environment.name, ours.name)
        reasons.extend(_unproven(session.before, theirs, promotes=graph.digests(ours).shared))
    return reasons


def _unproven(session: Session, task: Task, *, promotes: str | None) -> list[str]:
    """Why this task keeps a gate closed. A task without an item that could prove it also keeps the gate closed."""
    if not any(item.gates == "promotion" for item in task.rules):
        return [f"{task.address}: no readiness item could prove it"]
    return [str(s) for s in closed_by([stand(session, task, item, promotes=promotes) for item in task.rules])]


def _unended(session: Session, asset: str, item: Item) -> str:
    """Which run of the asset began and never ended. While one goes on, what the runs before it left stands."""
    began = session.ledger.unended(asset, item.name) if item.of_runs else None
    if began is None or session.lock.held_by(began.run):
        return ""
    session.ledger.refresh()  # it may have ended between the look at the record and the look at the lock
    began = session.ledger.unended(asset, item.name)
    return f"the run {began.run} began at {began.at:%Y-%m-%d %H:%M:%S %Z} and never ended" if began else ""


def _still_derived(session: Session, task: Task, judgement: Judgement, at: datetime) -> Judgement:
    """The judgement of a derived item: green only while everything upstream of the task is green or waived."""
    for earlier in session.graph.upstream(task):
        closed = closed_by([stand(session, earlier, item, at=at) for item in earlier.rules])
        if closed:
            return replace(judgement, state=State.STALE, reason=f"stated before this: {closed[0]}")
    return judgement


def _difference(session: Session, task: Task, evidence: Evidence, wanted: About) -> str:
    """The first leaf that differs between the checked input and the current one, if both are known."""
    seen = evidence.about
    if seen.content == wanted.content and seen.shared == wanted.shared:
        return ""
    known: dict[str, Mapping[str, str]] = {}
    for other in session.graph.of(task.environment):
        digests = session.graph.digests(other)
        known |= {digests.content: digests.content_leaves, digests.shared: digests.shared_leaves}

    def remembered(digest: str) -> Mapping[str, str] | None:
        return known.get(digest) or session.ledger.remembered(digest)

    leaf = first_difference(seen.content, wanted.content, remembered)
    return f": {leaf} differs" if leaf else ""


def unreadable(graph: Graph, environment: str, error: ProvisioningError) -> list[Standing]:
    """Every item of an environment whose record cannot be read."""
    reason = f"the record could not be read: {error.told}"
    unknown = Judgement(State.RED, reason, verdict=Verdict.COULD_NOT_TELL, error=error.parts)
    never = Judgement(State.NOT_RUN, "never checked")
    return [
        Standing(item, task.name, environment, never if item.planned else unknown)
        for task in graph.of(environment)
        for item in task.rules
    ]
