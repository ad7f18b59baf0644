"""Where an environment lives: a region of an account. It never moves: nobody would look after what it leaves behind.

Products look where the file says. In another region or account they find nothing, and make all of it once more; the
first one lives on, in no state, under no name. The record knows where each apply was made.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from provisioning_assets.errors import Refused
from provisioning_assets.record.entries import ApplyStarted
from provisioning_assets.runs.identity import of_backend
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.task import Task


@dataclass(frozen=True, slots=True)
class Location:
    """A region and an account; empty what is not known."""

    region: str
    account: str


def location(session: Session, tasks: Sequence[Task]) -> Location:
    """Where work on these tasks is done now; of no task, where the file says."""
    found = (of_backend(session, kind, task).get("account") for task in tasks for kind in task.backends)
    account = session.environment.account or next(filter(None, found), "")
    return Location(session.environment.region, str(account))


def stays(session: Session, tasks: Sequence[Task]) -> None:
    """Refuse to look for an environment in another region or account than it was applied in."""
    applied, now = _applied(session), location(session, tasks)
    pairs = (("region", applied.region, now.region), ("account", applied.account, now.account))
    moved = [
        f"it was applied in the {what} {old}, and now the {what} is {new}"
        for what, old, new in pairs
        if old and new and old != new
    ]
    if moved:
        raise Refused(
            f"{session.scope}: an environment does not move: what it left behind would be in no state",
            moved,
            remedy="put it back as it was, and describe the other place as an environment of another name; or destroy"
            f" what is live with its engine, then move {session.prefix}/ away in the stores of state and record",
        )


def _applied(session: Session) -> Location:
    """Where the environment was applied last, as far as the record says."""
    entries = (entry for page in reversed(session.ledger.pages) for entry in reversed(page.entries))
    applies = [entry for entry in entries if isinstance(entry, ApplyStarted)]
    return Location(
        region=next((each.region for each in applies if each.region), ""),
        account=next((each.account for each in applies if each.account), ""),
    )
