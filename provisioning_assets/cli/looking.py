"""Commands that look: checks, and what is shown of the record."""

from typing import Annotated

import typer

from provisioning_assets.cli import home
from provisioning_assets.cli.arguments import AsJson, Engagement, Profile
from provisioning_assets.cli.console import COULD_NOT_TELL, NOT_READY, STYLES, answer, follow_progress, say, warn
from provisioning_assets.cli.engagements import find, folders, graph, in_order, is_there
from provisioning_assets.errors import ProvisioningError


def check(
    engagement: Engagement,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ENVIRONMENT|ITEM",
            help="Environments, and readiness items as ITEM or ASSET/ITEM. Without an environment: all of them.",
        ),
    ] = None,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """Look anew whether environments are as they should be.

    Without ITEM: every item, as the scheduled drift run does it, without drills. An item by name is checked however
    fresh its evidence is, by a drill if it needs one. With --json: a list of the items that are not as they should be.

    Exit codes: 0 all as it should be; 2 drift, red or not built; 1 an error, or nobody could tell.
    """
    from provisioning_assets.cli.checking import look

    follow_progress(brief=True)
    in_order("check", engagement, *names or ())
    found = look(graph(engagement), names or [])
    if as_json:
        answer(found.as_data())
    else:
        found.show()
    raise typer.Exit(found.exit_code)


def readiness(engagement: Engagement, profile: Profile = None, as_json: AsJson = False) -> None:
    """Write the readiness report, GO or NO-GO, from the record.

    It lies below .provisioning/reports, as HTML, Markdown, JSON and JUnit XML. Nothing is looked at anew.

    Exit codes: 0 GO; 2 NO-GO; 1 an error, or a record could not be read.
    """
    from provisioning_assets.cli.reports import report_of
    from provisioning_assets.report.as_json import report_as_data
    from provisioning_assets.report.writing import write_report

    report, problems = report_of(graph(engagement))
    paths = write_report(report, home.reports(engagement))
    for problem in problems:
        warn(f"error: {problem}")
    if as_json:
        answer(report_as_data(report))
    else:
        if report.exception:
            say(report.exception, "bold")
        for item in report.items:
            say(f"  {item.state:<8} {item.number}. {item.title}", STYLES[item.state])
        count = len(report.reasons)
        say(f"{report.decision}: {count} {'reason' if count == 1 else 'reasons'} against it", "bold")
        say(f"report: {next(path for path in paths if path.suffix == '.html')}")
    raise typer.Exit(0 if report.decision == "GO" else COULD_NOT_TELL if problems else NOT_READY)


def status(profile: Profile = None, as_json: AsJson = False) -> None:
    """Show all engagements: days to launch, and what holds it.

    With whose that is, and the next deadline.

    Exit codes: 0 all of them GO; 2 one is NO-GO; 1 an error, or one could not be read.
    """
    from provisioning_assets.cli.reports import status_of
    from provisioning_assets.report.status import in_words

    rows = status_of(folders())
    if as_json:
        answer([row.as_data() for row in rows])
    else:
        for row in rows:
            say("\n".join(in_words(row)))
    ready = all(row.decision == "GO" for row in rows)
    raise typer.Exit(COULD_NOT_TELL if any(row.problem for row in rows) else 0 if ready else NOT_READY)


def why(
    item: Annotated[
        str, typer.Argument(metavar="ITEM", help="A readiness item: ITEM, ASSET/ITEM or ENVIRONMENT/ASSET/ITEM.")
    ],
    engagement: Annotated[
        str | None, typer.Argument(metavar="ENGAGEMENT", help="One engagement. Without it: all of them.")
    ] = None,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """Explain an item: its state, what it looks at, what to do.

    Exit codes: 0 explained, whatever its state; 1 an error, or a record could not be read.
    """
    from provisioning_assets.cli.reports import reports_of
    from provisioning_assets.report.as_json import error_as_data, rows_as_data
    from provisioning_assets.report.why import explain, in_words

    if engagement and is_there(item) and not is_there(engagement):
        raise ProvisioningError("the item comes first", remedy=f"provisioning why {engagement} {item}")
    reports, records, files = reports_of([find(engagement)] if engagement else folders())
    if files and (engagement or not reports):
        raise files[0]
    for problem in (*records, *files):
        warn(f"error: {problem}")
    found = explain(reports, item)
    if as_json:
        answer(rows_as_data([each.as_data() for each in found], [error_as_data(error) for error in files]))
    for each in found if not as_json else ():
        first_line, *lines = in_words(each, engagement=len(reports) > 1)
        say(first_line, STYLES[each.check.state])
        say("\n".join(lines))
    raise typer.Exit(COULD_NOT_TELL if records or files else 0)
