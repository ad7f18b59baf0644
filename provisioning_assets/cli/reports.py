"""What is shown of the record: standings of every environment, gathered for report, status and why."""

from datetime import UTC, datetime
from pathlib import Path

from provisioning_assets.assets import assemble
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.evidence import Judgement, State
from provisioning_assets.gate import Standing
from provisioning_assets.lineage import Lineage
from provisioning_assets.readiness import standings
from provisioning_assets.report.model import Report, build_report
from provisioning_assets.report.status import StatusRow, status_rows, unknown_row
from provisioning_assets.resources import open_session
from provisioning_assets.spec.loading import find_engagements, load_engagement


def gather(lineage: Lineage, at: datetime) -> tuple[list[Standing], bool]:
    """Where every item stands, and whether every ledger could be read: what cannot be read is red."""
    found: list[Standing] = []
    readable = True
    for environment in lineage.engagement.environments:
        try:
            found.extend(standings(open_session(lineage, environment.name, run="report"), at=at))
        except ProvisioningError as error:
            readable = False
            red = Judgement(State.RED, f"the record could not be read: {error.what}")
            nodes = lineage.of(environment.name)
            found.extend(Standing(item, node.asset, node.environment, red) for node in nodes for item in node.items)
    return found, readable


def report_of(lineage: Lineage) -> tuple[Report, bool]:
    """The readiness report, and whether every ledger could be read."""
    at = datetime.now(UTC)
    found, readable = gather(lineage, at)
    return build_report(lineage.engagement, found, at), readable


def status_of(engagements: Path) -> list[StatusRow]:
    """One row an engagement; one that cannot be read has its problem as its row."""
    reports: list[Report] = []
    unknown: list[StatusRow] = []
    for folder in find_engagements(engagements):
        try:
            lineage, _ = assemble(load_engagement(folder))
        except ProvisioningError as error:
            unknown.append(unknown_row(folder.name, str(error)))
        else:
            reports.append(report_of(lineage)[0])
    return status_rows(reports, unknown)
