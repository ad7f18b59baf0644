"""Plans of every asset of an environment, without writing: the same reconciliation, stopped before the apply."""

from collections.abc import Callable
from dataclasses import dataclass

from provisioning_assets.cli.runs import Jobs
from provisioning_assets.core.plan import Json, Plan
from provisioning_assets.core.reconcile import reconcile
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.runs.session import open_session
from provisioning_assets.runs.work import Work


@dataclass(frozen=True, slots=True)
class Planned:
    """What one asset would change, or why that cannot be said yet."""

    environment: str
    asset: str
    plan: Plan | None
    error: str = ""
    pending: bool = False
    """Nothing went wrong: there is nothing yet that a plan could be compared with."""

    def as_json(self) -> dict[str, Json]:
        """For machines; values of sensitive attributes are not in it."""
        return {
            "environment": self.environment,
            "asset": self.asset,
            "changes": None if self.plan is None else [change.as_json() for change in self.plan.changes],
            "digest": None if self.plan is None else self.plan.digest,
            "error": None if self.pending else self.error or None,
            "pending": self.error if self.pending else None,
        }


def plans(jobs: Jobs, environment: str, tell: Callable[[str], None]) -> list[Planned]:
    """Plan each asset that writes. The lock is held meanwhile: a plan shares its working folder with an apply."""
    session = open_session(jobs.lineage, environment, run="plan", progress=tell)
    session.reach(frozenset({"aws"}))
    writing = [node for node in jobs.lineage.of(environment) if jobs.tasks[node.key].target]
    if not session.ledger.pages:
        # The lock and the state lie in a bucket that the first apply makes: a plan writes nothing.
        never = "never applied: all of it is to be made, and the first apply plans it piece by piece"
        return [Planned(environment, node.asset, None, never, pending=True) for node in writing]
    found = []
    try:
        session.hold()
        for node in writing:
            work, target = Work(session, node), jobs.tasks[node.key].target
            assert target is not None  # noqa: S101 - they were chosen by it
            try:
                outcome = reconcile(target(work), work, address=work.address, gate=list, dry_run=True)
            except ProvisioningError as error:
                found.append(Planned(environment, node.asset, None, f"cannot be planned: {error.what}"))
            else:
                found.append(Planned(environment, node.asset, outcome.plan))
    finally:
        session.close()
    return found
