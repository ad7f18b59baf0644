"""The report as JSON, for machines."""

import json
from collections.abc import Sequence

from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.report.model import Check, Report
from provisioning_assets.report.times import days_until, iso, iso_or_none


def report_as_data(report: Report) -> dict[str, Json]:
    """The report in plain JSON types; all times in UTC."""
    launch, now = report.launch, report.generated_at
    return {
        "engagement": report.engagement,
        "client": report.client,
        "decision": report.decision.value,
        "exception": report.exception or None,
        "generated_at": iso(now),
        "launch": {
            "opens": iso(launch.window.opens),
            "closes": iso(launch.window.closes),
            "freeze": iso(launch.freeze),
            "days_to_launch": days_until(launch.window.opens, now),
            "days_to_freeze": days_until(launch.freeze, now),
            "commander": report.commander,
        },
        "environments": list(report.environments),
        "counts": {state.value: count for state, count in report.counts.items()},
        "reasons": [
            {"what": r.what, "state": r.state.value, "summary": r.summary, "to_do": r.to_do, "owner": r.owner}
            for r in report.reasons
        ],
        "items": [
            {
                "number": item.number,
                "title": item.title,
                "state": item.state.value,
                "checks": [check_as_data(check) for check in item.checks],
            }
            for item in report.items
        ],
    }


def check_as_data(check: Check) -> dict[str, Json]:
    """One check in plain JSON types."""
    return {
        "name": check.name,
        "asset": check.asset,
        "environment": check.environment,
        "state": check.state.value,
        "verdict": check.verdict and check.verdict.value,
        "summary": check.summary,
        "checked_at": iso_or_none(check.checked_at),
        "digest": check.digest,
        "claim": check.claim,
        "gates": check.gates,
        "max_age_seconds": int(check.max_age.total_seconds()),
        "seconds": check.seconds,
        "run": check.run,
        "owner": check.owner,
        "to_do": check.to_do,
        "error": dict(check.error) or None,
        "evidence": dict(check.evidence),
    }


def error_as_data(error: ProvisioningError) -> dict[str, Json]:
    """An error in plain JSON types: with each problem of a file, and each reason of a refusal."""
    return {**error.parts, "exit_code": error.exit_code}


def rows_as_data(rows: Sequence[Json], errors: Sequence[Json]) -> Json:
    """A list; with errors, an object that no reader can take for the whole of it."""
    if not errors:
        return rows
    return {"error": errors[0], "further_errors": errors[1:], "items": rows}


def as_json(report: Report) -> str:
    """The report as a JSON text."""
    return json.dumps(report_as_data(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
