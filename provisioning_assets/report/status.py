"""All engagements at a glance: days to launch, what is not ready, whose it is, what is due next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from provisioning_assets.core.items import Decision
from provisioning_assets.core.plan import Json
from provisioning_assets.report.model import Reason, Report
from provisioning_assets.report.times import days_until, iso_or_none

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One engagement. `problem` says why nothing, or not all, is known of it; its decision is then NO-GO."""

    engagement: str
    client: str
    decision: Decision
    days_to_launch: int | None
    deadline: str
    """What is due next: `freeze`, `launch` or `end of the launch window`; empty when all is past."""
    due: datetime | None
    holding: tuple[Reason, ...]
    owners: tuple[str, ...]
    """Who answers for what holds the launch, each once."""
    problem: str = ""
    exception: str = ""
    """That no gate holds production, who answers for it, and why."""

    def as_data(self) -> dict[str, Json]:
        """The row in plain JSON types."""
        return {
            "engagement": self.engagement,
            "client": self.client,
            "decision": self.decision.value,
            "exception": self.exception or None,
            "days_to_launch": self.days_to_launch,
            "deadline": self.deadline,
            "due": iso_or_none(self.due),
            "holding": [{"what": r.what, "state": r.state.value, "owner": r.owner} for r in self.holding],
            "owners": list(self.owners),
            "problem": self.problem,
        }


def status_rows(reports: Sequence[tuple[Report, str]], unknown: Sequence[StatusRow] = ()) -> list[StatusRow]:
    """A row for each report with its problem: those with one first, then the earliest launch."""
    rows = [*unknown, *(_row(report, problem) for report, problem in reports)]
    return sorted(rows, key=lambda row: (not row.problem, row.days_to_launch or 0, row.engagement))


def unknown_row(engagement: str, problem: str) -> StatusRow:
    """The row of an engagement whose file or record could not be read."""
    return StatusRow(engagement, "", Decision.NO_GO, None, "", None, (), (), problem)


def in_words(row: StatusRow) -> list[str]:
    """The row as lines for people: one for the engagement, one for each thing that holds its launch, the first ten."""
    days = "launch date unknown"
    if row.days_to_launch is not None:
        past = row.days_to_launch < 0
        days = f"launch was {-row.days_to_launch} days ago" if past else f"launch in {row.days_to_launch} days"
    deadline = f", {row.deadline} at {row.due:%Y-%m-%d %H:%M %Z}" if row.due else ""
    lines = [f"{row.engagement}: {row.decision}, {days}{deadline}"]
    if row.exception:
        lines.append(f"  {row.exception}")
    if row.problem:
        return [*lines, *(f"  {line}" for line in row.problem.splitlines())]
    lines += [f"  {held.state:<8} {held.what} ({held.owner})" for held in row.holding[:_SHOWN]]
    more = len(row.holding) - _SHOWN
    return [*lines, f"  and {more} more: provisioning readiness {row.engagement}"] if more > 0 else lines


def _row(report: Report, problem: str) -> StatusRow:
    launch, now = report.launch, report.generated_at
    deadlines = (
        ("freeze", launch.freeze),
        ("launch", launch.window.opens),
        ("end of the launch window", launch.window.closes),
    )
    name, due = min(((n, at) for n, at in deadlines if at > now), key=lambda each: each[1], default=("", None))
    return StatusRow(
        engagement=report.engagement,
        client=report.client,
        decision=report.decision,
        days_to_launch=days_until(launch.window.opens, now),
        deadline=name,
        due=due and due.astimezone(launch.time_zone),
        holding=report.reasons,
        owners=tuple(dict.fromkeys(reason.owner for reason in report.reasons)),
        problem=problem,
        exception=report.exception,
    )
