"""What is shown of the record: standings of every environment, gathered for report, status and why."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.core.evidence import Judgement, State
from provisioning_assets.core.items import Standing
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.report.model import Report, build_report
from provisioning_assets.report.status import StatusRow, status_rows, unknown_row
from provisioning_assets.runs.graph import Lineage
from provisioning_assets.runs.readiness import standings
from provisioning_assets.runs.session import open_session


def gather(lineage: Lineage, at: datetime) -> tuple[list[Standing], list[str]]:
    """Where every item stands, and why a ledger could not be read: what cannot be read is red."""
    found: list[Standing] = []
    problems: list[str] = []
    for environment in lineage.engagement.environments:
        try:
            found.extend(standings(open_session(lineage, environment.name, run="report"), at=at))
        except ProvisioningError as error:
            problems.append(f"{environment.name}: the record could not be read\n{error}")
            unknown = Judgement(State.RED, f"the record could not be read: {error.what}", unknown=True)
            for node in lineage.of(environment.name):
                for item in node.items:
                    judgement = Judgement(State.NOT_RUN, "never checked") if item.planned else unknown
                    found.append(Standing(item, node.asset, node.environment, judgement))
    return found, problems


def report_of(lineage: Lineage) -> tuple[Report, list[str]]:
    """The readiness report, and why a ledger could not be read."""
    at = datetime.now(UTC)
    found, problems = gather(lineage, at)
    return build_report(lineage.engagement, found, at), problems


def status_of(folders: Iterable[Path]) -> list[StatusRow]:
    """One row an engagement; one that cannot be read has its problem as its row."""
    reports: list[tuple[Report, str]] = []
    unknown: list[StatusRow] = []
    for folder in folders:
        try:
            lineage, _ = assemble(load_engagement(folder))
        except ProvisioningError as error:
            unknown.append(unknown_row(folder.name, str(error)))
        else:
            report, problems = report_of(lineage)
            reports.append((report, "\n".join(problems)))
    return status_rows(reports, unknown)
