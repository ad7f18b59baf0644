"""How a run opens and locks an environment, and releases it."""

from collections.abc import Sequence
from contextlib import suppress

from provisioning_assets.backends.backend import Settings
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.record.entries import LockReclaimed
from provisioning_assets.record.lock import Holder
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.location import stays
from provisioning_assets.runs.profiles import access_of
from provisioning_assets.runs.session import Progress, Session, silent
from provisioning_assets.runs.task import Task

CHILD_WAIT = 1800.0
"""Seconds that a run waits for an engine that a dead run left running."""


def open_session(graph: Graph, environment: str, *, run: str, progress: Progress = silent) -> Session:
    """A session of an environment; its `before` is a session of the environment whose proof it needs."""
    engagement = graph.engagement
    earlier = engagement.before(environment)
    before = open_session(graph, earlier.name, run=run) if earlier else None
    where = engagement.environment(environment)
    return Session(graph, where, access_of(engagement, where), run, before, progress)


def reach(session: Session, tasks: Sequence[Task]) -> None:
    """Require an answer of each server that the tasks need; then run their `before_run`."""
    reach_servers(session, tasks)
    for task in tasks:
        if task.before_run:
            task.before_run(AssetRun(session, task))


def reach_servers(session: Session, tasks: Sequence[Task]) -> None:
    """Require an answer of the record's store and of each server that the tasks need. Nothing is written.

    They must be where the environment was applied.
    """
    state = [(Kind.STORE, session.environment.state)] if tasks else []
    needed = [(kind, _settings(task, kind)) for task in tasks for kind in task.backends]
    asked: set[tuple[Kind, str]] = set()
    for kind, settings in [(Kind.STORE, None), *state, *needed]:
        key = kind, (settings or session.environment.settings(kind)).model_dump_json()
        if key not in asked:
            asked.add(key)
            session.backend(kind, settings).reach()
    stays(session, tasks)


def prepare(session: Session) -> None:
    """Create the stores of state, ledger and lock where they are missing."""
    session.backend(Kind.STORE, session.environment.state).prepare()
    session.backend(Kind.STORE).prepare()


def hold(session: Session) -> None:
    """Take the environment's lock for the rest of the run, and wait for processes that a dead run left running."""
    if session.lock_held:
        return
    try:
        dead = session.lock.acquire(wait=session.lock_wait, progress=session.progress)
        session.lock_held = True
        session.ledger.refresh()  # another run may have written while this one waited
        _reclaim(session, dead)
        # A killed run leaves the plan that it was about to apply, which holds values of secrets.
        for left in session.workdir.glob("*/plan.tfplan"):
            left.unlink(missing_ok=True)
    except BaseException:
        close(session)
        with suppress(ProvisioningError):
            session.lock.release()  # an interrupt may come between the write of the lock and the note that it is held
        raise


def close(session: Session) -> None:
    """Release the lock."""
    if session.lock_held:
        with suppress(ProvisioningError):  # a head that lags behind vouches for fewer pages, and for no wrong one
            session.ledger.seal()
        session.lock.release()
        session.lock_held = False


def force_unlock(session: Session) -> Holder | None:
    """Force the unlock that a person asked for, and record it; returns who held the lock."""
    holder: Holder | None = None
    with suppress(ProvisioningError):  # an unreadable lock names no holder to look for
        holder = session.lock.holder()
    working = holder.at_work() if holder else []
    if holder and working:
        numbers = ", ".join(str(process.pid) for process in working)
        raise ProvisioningError(
            f"{session.scope} is held by {holder}, which is at work: nothing was broken",
            where=f"process {numbers} on this host",
            remedy="wait for it, or end these processes; the next run reclaims the lock of a dead one",
        )
    broken = session.lock.break_it()
    if broken is not None:
        hold(session)
        session.ledger.append(LockReclaimed(str(broken), broken.host_name, broken.since, forced=True))
        close(session)
    return broken


def _settings(task: Task, kind: Kind) -> Settings | None:
    return task.engine if kind is Kind.INFRASTRUCTURE else None


def _reclaim(session: Session, dead: Holder | None) -> None:
    if dead is None:
        return
    session.progress(f"reclaimed the lock of {session.scope} from {dead}: that run is dead")
    session.ledger.append(LockReclaimed(str(dead), dead.host_name, dead.since))
    for child in dead.at_work():
        session.progress(f"waiting for the engine that it left at work (process {child.pid}) to end")
        if not child.ended(within=CHILD_WAIT):
            raise ProvisioningError(
                f"the engine of the dead run {dead.run} still works after {CHILD_WAIT / 60:.0f} minutes",
                where=f"process {child.pid} on {dead.host_name}",
                remedy="see what it waits for, or end it with SIGINT; then run again",
            )
