"""Commands that look: checks, and what is shown of the record."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from provisioning_assets.cli import home
from provisioning_assets.cli.arguments import AsJson, Engagement, Profile
from provisioning_assets.cli.console import COULD_NOT_TELL, NOT_READY, STYLES, follow_progress, out, tell, warn
from provisioning_assets.cli.engagements import environments, folders, graph
from provisioning_assets.errors import ProvisioningError


def check(
    engagement: Engagement,
    names: Annotated[
        list[str] | None, typer.Argument(help="An environment, readiness items; all of them without it.")
    ] = None,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """Run readiness items without their assets. Exit code 0: as they should be, 2: drift, or not ready, 1: no answer.

    All of them are checked as a scheduled drift run does, without a drill. One by name is checked anew, however fresh
    its evidence is, by a drill even if it needs one.
    """
    from provisioning_assets.cli.runs import Jobs

    follow_progress()
    jobs = Jobs(graph(engagement), tell)
    where, items = _chosen(jobs, environments(engagement, None), names or [])
    rows: list[dict[str, Any]] = []
    complete = True
    for name, wanted in where.items():
        ran = jobs.check(name, wanted if items else None)
        for words in ran.failures:
            warn(words)
        try:
            found = [each for each in jobs.standings(name) if not items or each.item.name in items]
        except ProvisioningError:
            if not ran.failures:
                raise
            raise typer.Exit(COULD_NOT_TELL) from None  # the run has told why
        complete = complete and not ran.failures and ran.checked >= {(each.asset, each.item.name) for each in found}
        rows.extend(_row(each) for each in found if not each.judgement.opens)
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        _show(rows, "as they should be" if items else "no drift", complete=complete)
    if any(not row["could_not_check"] for row in rows):
        raise typer.Exit(NOT_READY)
    raise typer.Exit(COULD_NOT_TELL if rows or not complete else 0)


def _chosen(jobs: Any, every: Sequence[str], names: Sequence[str]) -> tuple[dict[str, set[str]], set[str]]:
    """Environment to the items to check there; and the items that were named."""
    chosen = [name for name in names if name in every] or list(every)
    items = {name for name in names if name not in every}
    known = {name: jobs.items(name) for name in chosen}
    unknown = sorted(items.difference(*known.values()))
    if unknown:
        listed = ", ".join(sorted(set().union(*known.values())))
        raise ProvisioningError(
            f"there is no check or environment {', '.join(unknown)} in {', '.join(chosen)}",
            remedy=f"an environment ({', '.join(every)}), or one of {listed}",
        )
    return {name: of & items for name, of in known.items() if not items or of & items}, items


def _row(standing: Any) -> dict[str, Any]:
    judgement = standing.judgement
    seen = judgement.state == "red" and judgement.evidence and not judgement.unknown
    return {
        "environment": standing.environment,
        "asset": standing.asset,
        "item": standing.item.name,
        "state": judgement.state,
        "verdict": judgement.verdict,
        "summary": judgement.reason,
        "differences": judgement.evidence.finding.details.get("differences", []) if seen else [],
        "could_not_check": not seen,
    }


def _show(rows: Sequence[dict[str, Any]], fine: str, *, complete: bool) -> None:
    for row in rows:
        where = f"{row['environment']}/{row['asset']}"
        out.print(f"{where}: {row['item']} is {row['state']}: {row['summary']}", markup=False)
    nothing = fine if complete else "not everything could be checked"
    out.print(f"{len(rows)} items differ or could not be checked" if rows else nothing, markup=False)


def readiness(engagement: Engagement, profile: Profile = None, as_json: AsJson = False) -> None:
    """Write the readiness report from the recorded evidence. Exit code 0 only for GO."""
    from provisioning_assets.cli.reports import report_of
    from provisioning_assets.report.as_json import as_json as report_as_json
    from provisioning_assets.report.writing import write_report

    report, problems = report_of(graph(engagement))
    paths = write_report(report, home.reports(engagement))
    if as_json:
        print(report_as_json(report))
    else:
        for item in report.items:
            out.print(f"  {item.state:<8} {item.number}. {item.title}", style=STYLES[item.state], markup=False)
        for problem in problems:
            warn(problem)
        out.print(f"{report.decision}: {len(report.reasons)} reasons against it", style="bold", markup=False)
        out.print(f"report: {next(path for path in paths if path.suffix == '.html')}", markup=False)
    raise typer.Exit(0 if report.decision == "GO" else COULD_NOT_TELL if problems else NOT_READY)


def status(profile: Profile = None, as_json: AsJson = False) -> None:
    """All engagements: days to launch, what is red, whose, and the next deadline. Exit code 0: all of them GO."""
    from provisioning_assets.cli.reports import status_of
    from provisioning_assets.report.status import in_words

    rows = status_of(folders())
    if as_json:
        print(json.dumps([row.as_data() for row in rows], indent=2))
    else:
        for row in rows:
            out.print("\n".join(in_words(row)), markup=False)
    ready = all(row.decision == "GO" for row in rows)
    raise typer.Exit(COULD_NOT_TELL if any(row.problem for row in rows) else 0 if ready else NOT_READY)


def why(
    item: Annotated[str, typer.Argument(help="Name of a readiness item.")],
    engagement: Annotated[str | None, typer.Argument(help="One engagement; all of them without it.")] = None,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """What an item looks at, its last evidence, and what to do. Exit code 1: the record could not be read."""
    from provisioning_assets.cli.reports import report_of
    from provisioning_assets.report.why import explain

    names = [engagement] if engagement else [folder.name for folder in folders()]
    reports = [report_of(graph(name)) for name in names]
    found = [each for report, _ in reports for each in explain(report, item)]
    if as_json:
        print(json.dumps([each.as_data() for each in found], indent=2))
    for each in found if not as_json else ():
        check = each.check
        never = "whether it was ever checked is not known" if check.unknown else "never checked"
        age = never if each.age is None else f"checked {each.age.total_seconds() / 60:.0f} min ago"
        state = f"{check.address}: {check.name} is {check.state}: {check.summary}"
        out.print(state, style=STYLES[check.state], markup=False)
        about = f"{age}; review item {each.review_title}; holds the {check.gates}"
        out.print(f"  looks at: {check.claim}\n  {about}", markup=False)
        out.print(f"  to do: {check.to_do} ({check.owner})", markup=False)
    raise typer.Exit(COULD_NOT_TELL if any(problems for _, problems in reports) else 0)
