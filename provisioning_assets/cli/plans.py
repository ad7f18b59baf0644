"""Plans of every asset of an environment, without writing: the same reconciliation, stopped before the apply."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from provisioning_assets.cli.console import COULD_NOT_TELL, NOT_READY
from provisioning_assets.core.plan import Json, Plan
from provisioning_assets.core.reconcile import reconcile
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.runs import opening
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.graph import Graph


@dataclass(frozen=True, slots=True)
class Planned:
    """What one asset would change; or why that cannot be said yet, or why an apply would not do it."""

    environment: str
    asset: str
    plan: Plan | None
    error: str = ""
    pending: bool = False
    """Nothing went wrong: there is nothing yet that a plan could be compared with."""

    def as_json(self) -> dict[str, Json]:
        """For machines; values of sensitive attributes are not in it."""
        planned = dict.fromkeys(("changes", "unseen", "digest")) if self.plan is None else self.plan.as_json()
        return {
            "environment": self.environment,
            "asset": self.asset,
            **planned,
            "error": None if self.pending else self.error or None,
            "pending": self.error if self.pending else None,
        }


def plans(graph: Graph, environment: str, tell: Callable[[str], None]) -> list[Planned]:
    """Plan each asset that writes. The lock is held meanwhile: a plan shares its working folder with an apply.

    Every server that an apply needs is asked first, also of an environment that was never applied.
    """
    session = opening.open_session(graph, environment, run="plan", progress=tell)
    writing = [task for task in graph.of(environment) if task.target]
    opening.reach_servers(session, writing)
    runs = [AssetRun(session, task) for task in writing]
    if not session.ledger.pages:
        # The lock and the state lie in a store that the first apply makes: a plan writes nothing.
        return [_never(run) for run in runs]
    try:
        opening.hold(session)
        return [_planned(run) for run in runs]
    finally:
        opening.close(session)


def exit_code(found: Sequence[Planned], failed: Collection[int]) -> int:
    """An error weighs most, since it hides what would change; then what would; then what nobody could compare."""
    if COULD_NOT_TELL in failed or any(each.error and not each.pending for each in found):
        return COULD_NOT_TELL
    changed = any(each.pending or (each.plan and not each.plan.empty) for each in found)
    unseen = any(each.plan and each.plan.unseen for each in found)
    return NOT_READY if failed or changed else COULD_NOT_TELL if unseen else 0


def _never(run: AssetRun) -> Planned:
    if refusal := _refusal(run):
        return Planned(run.task.environment, run.task.name, None, refusal)
    never = "never applied: all of it is to be made, and the first apply plans it piece by piece"
    return Planned(run.task.environment, run.task.name, None, never, pending=True)


def _planned(run: AssetRun) -> Planned:
    assert run.task.target is not None  # noqa: S101 - they were chosen by it
    try:
        outcome = reconcile(run.task.target(run), run, address=run.address, gate=list, dry_run=True)
    except ProvisioningError as error:
        return Planned(run.task.environment, run.task.name, None, f"cannot be planned: {error.brief}")
    return Planned(run.task.environment, run.task.name, outcome.plan, _refusal(run))


def _refusal(run: AssetRun) -> str:
    """Why an apply from this shell would end before it writes anything; a plan goes on, since it needs no secret."""
    try:
        if run.task.before_run:
            run.task.before_run(run)
    except ProvisioningError as error:
        return f"an apply would end at once: {error.brief}"
    return ""
