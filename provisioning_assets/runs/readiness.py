"""Readiness items: claims with a check, what a check leaves behind, and where every item stands."""

import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from provisioning_assets.core.digests import first_difference
from provisioning_assets.core.evidence import About, Evidence, Finding, Judgement, State, judge
from provisioning_assets.core.items import Holds, Item, Standing, closed_by
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.runs.graph import Node
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.work import Work, now

Check = Callable[[Work], Finding]


@dataclass(frozen=True, slots=True)
class ReadinessItem:
    """An item and the function that checks its claim; None while the check is still to be built."""

    item: Item
    check: Check | None


def readiness_item(
    *,
    review_item: int,
    gates: Holds = "promotion",
    max_age: timedelta = timedelta(hours=24),
    version: int = 1,
    waivable: bool = True,
    lasting: bool = False,
    exercise: bool = False,
    derived: bool = False,
) -> Callable[[Check], ReadinessItem]:
    """Make a readiness item of a function: its name is the claim, its docstring the explanation."""

    def make(check: Check) -> ReadinessItem:
        item = Item(
            name=check.__name__,
            description=" ".join((check.__doc__ or "").split()),
            review_item=review_item,
            gates=gates,
            max_age=max_age,
            version=version,
            waivable=waivable,
            lasting=lasting,
            exercise=exercise,
            derived=derived,
        )
        return ReadinessItem(item, check)

    return make


def planned_item(name: str, description: str, *, review_item: int) -> ReadinessItem:
    """An item whose check does not exist yet: always `not_run`, and it holds the launch."""
    return ReadinessItem(Item(name, description, review_item, "launch", timedelta(days=7), planned=True), None)


def evaluate(work: Work, readiness: ReadinessItem) -> Evidence | None:
    """Check one item; whatever happens becomes evidence. None: this run may not do the exercise that it needs."""
    session, item = work.session, readiness.item
    exercising = item.exercise and not session.exercises
    if item.lasting and (session.reuse or exercising):
        judgement = stand(session, work.node, item).judgement
        if judgement.state is State.GREEN and judgement.evidence is not None:
            return judgement.evidence
    if exercising:
        return None
    started = time.monotonic()
    about, unknown = _about(work)
    finding = Finding.could_not_tell(unknown) if unknown else _look(work, readiness)
    seconds = round(time.monotonic() - started, 3)
    return Evidence(item.name, item.version, about, finding, now(), seconds, session.run)


def _look(work: Work, readiness: ReadinessItem) -> Finding:
    """What the check says. One that raises could not tell; a foreign error's text may hold a secret and stays out."""
    if readiness.check is None:
        return Finding.could_not_tell("no check exists yet")
    try:
        return readiness.check(work)
    except ProvisioningError as error:
        return Finding.could_not_tell(error.what, error=str(error))
    except Exception as error:  # noqa: BLE001 - a check that raises must leave a record
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Finding.could_not_tell(f"{type(error).__name__} in {where.name} (line {where.lineno})")


def record(work: Work, evidence: Evidence) -> None:
    """Append it to the ledger at once, unless it was only stated again: what comes later may not come."""
    work.remember_inputs()
    if evidence.run == work.session.run:
        work.session.ledger.append(evidence)


def record_failure(work: Work, item: Item, error: ProvisioningError) -> None:
    """Leave a failed run's word as red evidence, if the ledger can still be reached."""
    finding = Finding.could_not_tell(f"the run failed: {error.what}", error=str(error))
    with suppress(ProvisioningError):
        evidence = Evidence(item.name, item.version, _about(work)[0], finding, now(), 0.0, work.session.run)
        work.session.ledger.append(evidence)


def _about(work: Work) -> tuple[About, str]:
    """What evidence taken now is about; and why not, when the world itself could not be asked."""
    try:
        return work.about(), ""
    except ProvisioningError as error:
        unknown = error.what
    digests = work.session.lineage.digests(*work.node.key)
    epoch = work.session.ledger.epoch(work.node.asset).number
    return About(work.node.asset, work.node.environment, digests.content, digests.shared, epoch, "unknown"), unknown


def stand(
    session: Session, node: Node, item: Item, *, at: datetime | None = None, promotes: str | None = None
) -> Standing:
    """Where an item stands, from the ledger alone. `promotes`: the digest that another environment must share."""
    work = Work(session, node)
    evidence = session.ledger.evidence(node.asset, item.name)
    try:
        about = work.about()
    except ProvisioningError as error:
        reason = f"could not tell: {error.what}"
        judgement = Judgement(State.RED, reason, evidence, unknown=True)
        return Standing(item, node.asset, node.environment, judgement)
    if promotes is not None:
        about = replace(about, shared=promotes)
    if evidence is not None and evidence.about.world == "unknown":
        judgement = Judgement(State.RED, evidence.finding.summary, evidence, unknown=True)
        return Standing(item, node.asset, node.environment, judgement)
    judgement = judge(
        evidence,
        rule_version=item.version,
        about=about,
        unfinished=session.ledger.epoch(node.asset).unfinished,
        max_age=item.max_age,
        now=at or now(),
        compare_content=promotes is None,
    )
    if item.derived and judgement.state is State.GREEN:
        changed = next(iter(_closed_upstream(session, node, at)), None)
        if changed is not None:
            judgement = replace(judgement, state=State.STALE, reason=f"stated before this: {changed}")
    elif evidence is not None and judgement.state is State.STALE:
        judgement = replace(judgement, reason=judgement.reason + _difference(session, node, evidence.about, about))
    return Standing(item, node.asset, node.environment, judgement)


def _closed_upstream(session: Session, node: Node, at: datetime | None) -> Iterator[Standing]:
    """Items before this node that do not open now: what is derived from them cannot be green."""
    for earlier in session.lineage.upstream(*node.key):
        yield from closed_by([stand(session, earlier, item, at=at) for item in earlier.items])


def _difference(session: Session, node: Node, seen: About, wanted: About) -> str:
    """The first leaf in which the checked input and today's differ, if both are known."""
    if seen.content == wanted.content and seen.shared == wanted.shared:
        return ""
    known: dict[str, Mapping[str, str]] = {}
    for other in session.lineage.of(node.environment):
        digests = session.lineage.digests(*other.key)
        known |= {digests.content: digests.content_leaves, digests.shared: digests.shared_leaves}

    def remembered(digest: str) -> Mapping[str, str] | None:
        return known.get(digest) or session.ledger.remembered(digest)

    leaf = first_difference(seen.content, wanted.content, remembered)
    return f": {leaf} differs" if leaf else ""


def standings(session: Session, *, at: datetime | None = None) -> list[Standing]:
    """Every item of the environment, upstream first."""
    return [stand(session, node, item, at=at) for node in session.lineage.of(session.environment.name)
            for item in node.items]  # fmt: skip


def gate_reasons(work: Work) -> list[str]:
    """Why this asset may not be written: what is unproven before it, here and in the environment before."""
    session, node = work.session, work.node
    reasons: list[str] = []
    side_by_side = session.engagement.promotion == "big-bang" and node.is_stage
    for earlier in session.lineage.upstream(*node.key):
        if side_by_side and earlier.is_stage:
            continue
        reasons.extend(_unproven(session, earlier, promotes=None))
    if session.before is not None:
        session.before.ledger.refresh()
        proven = session.lineage.node(session.before.environment.name, node.asset)
        reasons.extend(_unproven(session.before, proven, promotes=session.lineage.digests(*node.key).shared))
    return reasons


def _unproven(session: Session, node: Node, *, promotes: str | None) -> list[str]:
    """What keeps a gate behind this node closed. A node that nothing could prove keeps it closed, too."""
    if not any(item.gates == "promotion" for item in node.items):
        return [f"{node.environment}/{node.asset}: no readiness item could prove it"]
    return [str(s) for s in closed_by([stand(session, node, item, promotes=promotes) for item in node.items])]
