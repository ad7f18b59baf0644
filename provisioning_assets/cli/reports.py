"""What is shown of the record: report and status of the gathered standings."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.cli import home
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.engagement.models import Engagement
from provisioning_assets.errors import ProvisioningError, internal
from provisioning_assets.report.model import Report, build_report
from provisioning_assets.report.status import StatusRow, status_rows, unknown_row
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.standings import gather
from provisioning_assets.sandbox import lifecycle


def report_of(graph: Graph) -> tuple[Report, tuple[str, ...]]:
    """The readiness report, and why a record could not be read."""
    at = datetime.now(UTC)
    gathered = gather(graph, at)
    problems = [problem.replace("\n", "\n  ") for problem in gathered.problems]
    if problems and (how := _to_start(graph.engagement)):
        problems = [*problems, how]
    return build_report(graph.engagement, gathered.standings, at), tuple(problems)


def _to_start(engagement: Engagement) -> str:
    """What starts the engagement's sandbox; empty when it runs, or the engagement lives elsewhere."""
    profiles = {each.profile for each in engagement.environments if each.profile and home.in_sandbox(each.profile)}
    members = [member for profile in profiles for member in lifecycle.status(home.sandbox(profile))]
    down = any(member.state != "running" for member in members)
    return f"its sandbox does not run: provisioning sandbox start {engagement.name}" if down else ""


def reports_of(folders: Iterable[Path]) -> tuple[list[Report], list[str], list[ProvisioningError]]:
    """The reports of several engagements, why records could not be read, and why engagements could not."""
    reports: list[Report] = []
    records: list[str] = []
    files: list[ProvisioningError] = []
    for _, found in _each(folders):
        if isinstance(found, ProvisioningError):
            files.append(found)
        else:
            reports.append(found[0])
            records.extend(found[1])
    return reports, records, files


def status_of(folders: Iterable[Path]) -> list[StatusRow]:
    """One row an engagement; one that cannot be read has its problem as its row."""
    reports: list[tuple[Report, str]] = []
    unknown: list[StatusRow] = []
    for folder, found in _each(folders):
        if isinstance(found, ProvisioningError):
            unknown.append(unknown_row(folder.name, str(found)))
        else:
            reports.append((found[0], "\n".join(found[1])))
    return status_rows(reports, unknown)


def _each(
    folders: Iterable[Path],
) -> Iterator[tuple[Path, tuple[Report, tuple[str, ...]] | ProvisioningError]]:
    """The report of each engagement, or why there is none: one hides no other, not even by a defect."""
    for folder in folders:
        try:
            yield folder, report_of(assemble(load_engagement(folder)))
        except ProvisioningError as error:
            yield folder, error
        except Exception as error:  # noqa: BLE001 - see `internal`
            yield folder, internal(folder.name, error)
