"""What is shown of the record: standings of every environment, gathered for report, status and why."""

from datetime import UTC, datetime
from pathlib import Path

from provisioning_assets.assets import assemble
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.evidence import Judgement, State
from provisioning_assets.gate import Standing
from provisioning_assets.lineage import Lineage
from provisioning_assets.plan import Json
from provisioning_assets.readiness import standings
from provisioning_assets.report.model import Report, build_report
from provisioning_assets.report.status import status_row
from provisioning_assets.report.why import explain
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


def status_of(engagements: Path) -> list[dict[str, Json]]:
    """One row an engagement; a broken one has its problem as its row."""
    rows: list[dict[str, Json]] = []
    at = datetime.now(UTC)
    for folder in find_engagements(engagements):
        try:
            lineage, _ = assemble(load_engagement(folder))
        except ProvisioningError as error:
            blank = dict.fromkeys(("days_to_launch", "states", "whose", "deadline"), "")
            rows.append({"engagement": folder.name, "first": error.what, **blank})
            continue
        found, _ = gather(lineage, at)
        rows.append(status_row(lineage.engagement, found, at))
    return rows


def explanations(lineage: Lineage, item: str) -> list[dict[str, Json]]:
    """Where one item stands in every environment, and what to do."""
    found, _ = gather(lineage, datetime.now(UTC))
    return [
        {"engagement": lineage.engagement.name, **explain(standing)} for standing in found if standing.item.name == item
    ]
