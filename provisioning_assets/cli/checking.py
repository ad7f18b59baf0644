"""`check`: run the items that were chosen, then say once of each what is not as it should be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from provisioning_assets.cli.choosing import Chosen, choose
from provisioning_assets.cli.console import COULD_NOT_TELL, NOT_READY, STYLES, say, tell, warn
from provisioning_assets.cli.failures import Failure
from provisioning_assets.cli.runs import Jobs
from provisioning_assets.core.evidence import State
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.report.as_json import rows_as_data
from provisioning_assets.report.model import Check, check_of
from provisioning_assets.report.why import what_to_do
from provisioning_assets.runs.graph import Graph


@dataclass
class Looked:
    """What was found: every item that was to be checked, those that are not built, and what failed meanwhile."""

    named: bool
    """Whether items were asked for by name."""
    checks: list[Check] = field(default_factory=list)
    planned: list[Check] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    complete: bool = True
    """False when a run did not come to all of it."""

    @property
    def against(self) -> list[Check]:
        """What is not as it should be, or nobody could check; what is not built, if it was asked for."""
        return [check for check in self.checks if not check.opens] + (self.planned if self.named else [])

    @property
    def exit_code(self) -> int:
        """0 as it should be, 2 when something was seen that is not, 1 when nobody could tell."""
        if any(seen(check) for check in self.checks if not check.opens) or (self.named and self.planned):
            return NOT_READY
        return COULD_NOT_TELL if self.against or not self.complete else 0

    def as_data(self) -> Json:
        """What is not as it should be; with the first error, and the further ones, when something failed."""
        failures = self.failures or ([] if self.complete else [Failure.of(_INCOMPLETE)])
        errors = [{**each.parts, "exit_code": self.exit_code} for each in failures]
        return rows_as_data([_row(check) for check in self.against], errors)

    def show(self) -> None:
        """For people: each item once, with why and what to do."""
        if self.against:
            say("")
        for check in self.against:
            say(f"{check.address}: {check.name} is {check.state}: {check.summary}", STYLES[check.state])
            for line in what_to_do(check):
                say(line)
        if self.planned and not self.named:
            names = ", ".join(check.name for check in self.planned)
            say(f"not built, so not checked, and they count against GO: {names}", STYLES[State.NOT_RUN])
        say(self._sum())

    def _sum(self) -> str:
        number, of = len(self.against), len(self.checks) + (len(self.planned) if self.named else 0)
        if number:
            verb = "is" if number == 1 else "are"
            return (
                f"{number} of {of} {'item' if of == 1 else 'items'} {verb} not as it should be or could not be checked"
            )
        if not self.complete:
            return "not everything could be checked"
        return f"{of} of {of} {_items(of)} as it should be" if self.named else f"no drift in {of} {_items(of)}"


_INCOMPLETE = ProvisioningError("not everything could be checked", remedy="call again; without --json for its progress")


def look(graph: Graph, names: Sequence[str]) -> Looked:
    """Check what the names choose, environment after environment; one that cannot be read hides no other."""
    jobs = Jobs(graph, tell)
    found = Looked(named=any(name not in _environments(graph) for name in names))
    for chosen in choose(graph, names):
        found.planned.extend(check_of(graph.engagement, each) for each in chosen.planned)
        if chosen.runs:
            _look(jobs, chosen, found)
    return found


def _look(jobs: Jobs, chosen: Chosen, found: Looked) -> None:
    ran = jobs.check(chosen.environment, chosen.items)
    failures = list(ran.failures)
    try:
        standings = [each for each in jobs.standings(chosen.environment) if chosen.has(each)]
    except ProvisioningError as error:
        failures = failures or [Failure.of(error)]
        standings = []
    found.failures.extend(failure.at(chosen.environment) for failure in failures)
    for failure in failures:
        warn(f"error: {failure.at(chosen.environment).words}")
    came_to_all = ran.checked >= {(each.asset, each.item.name) for each in standings}
    found.complete = found.complete and not failures and came_to_all
    found.checks.extend(check_of(jobs.graph.engagement, each) for each in standings)


def _items(number: int) -> str:
    return "item" if number == 1 else "items"


def _environments(graph: Graph) -> set[str]:
    return {each.name for each in graph.engagement.environments}


def seen(check: Check) -> bool:
    """Whether it was looked at and found wrong, in distinction from what nobody could tell."""
    return check.state is State.RED and check.checked_at is not None and not check.unknown


def _row(check: Check) -> Mapping[str, Json]:
    return {
        "environment": check.environment,
        "asset": check.asset,
        "item": check.name,
        "state": check.state.value,
        "verdict": check.verdict and check.verdict.value,
        "summary": check.summary,
        "differences": check.evidence.get("differences", []) if seen(check) else [],
        "could_not_check": not seen(check),
        "to_do": check.to_do,
        "error": dict(check.error) or None,
        "owner": check.owner,
    }
