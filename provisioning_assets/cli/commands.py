"""`provisioning`: everything that a person or a script asks of the product.

Exit codes: 0 nothing to do, or ready; 2 changes, drift, refused or not ready; 1 an error, or could not tell.
"""

import json
import logging
import sys
import time
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.exceptions import Abort, TyperException

from provisioning_assets.cli import home, sandbox_commands
from provisioning_assets.cli.console import COULD_NOT_TELL, NOT_READY, for_machines, out, tell
from provisioning_assets.cli.engagements import environments, folders, lineage, load
from provisioning_assets.errors import ConfigurationError, ProvisioningError, internal

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(sandbox_commands.app, name="sandbox")

Engagement = Annotated[str, typer.Argument(help="Name of the engagement: its folder below engagements/.")]
Environment = Annotated[str | None, typer.Argument(help="One environment; all of them, in order, without it.")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.", callback=for_machines)]

_STYLES = {"green": "green", "red": "red", "not_run": "yellow", "stale": "yellow", "waived": "magenta"}


def main() -> None:
    """Run a command; every error is told in words, with its exit code. A mistyped call is no drift: it is 1, not 2."""
    try:
        sys.exit(app(standalone_mode=False))
    except ProvisioningError as error:
        words, code = str(error), error.exit_code
    except TyperException as error:
        command = getattr(error, "ctx", None)
        named = command.command_path if command else "provisioning"
        words, code = f"{error.format_message() or 'a command is missing'}\n  remedy: {named} --help", COULD_NOT_TELL
    except Abort:
        words, code = "ended before it was done", COULD_NOT_TELL
    except Exception as error:  # noqa: BLE001 - a traceback may show a secret
        failed = internal("provisioning", error)
        words, code = str(failed), failed.exit_code
    Console(stderr=True, soft_wrap=True, highlight=False).print(f"error: {words}", style="red", markup=False)
    sys.exit(code)


@app.command()
def new(name: Annotated[str, typer.Argument(help="Lower-case letters, digits and _.")]) -> None:
    """Write a new engagement that passes `check` at once."""
    from provisioning_assets.engagement.scaffold import scaffold

    folder = scaffold(name, home.repository() / home.ENGAGEMENTS)
    out.print(f"wrote {folder}\nnext: edit {folder}/engagement.yaml, then: provisioning check {name}", markup=False)


@app.command()
def check(engagement: Engagement, as_json: AsJson = False) -> None:
    """Read an engagement file and name everything that is wrong in it."""
    try:
        found = load(engagement)
    except ConfigurationError as error:
        if as_json:
            fields = ("file", "line", "column", "what", "expected")
            print(json.dumps([{name: getattr(problem, name) for name in fields} for problem in error.problems]))
            raise typer.Exit(error.exit_code) from None
        raise
    if as_json:
        print("[]")
        return
    names = ", ".join(environment.name for environment in found.environments)
    out.print(f"{engagement}: fine ({names})", markup=False)


@app.command()
def plan(engagement: Engagement, environment: Environment = None, as_json: AsJson = False) -> None:
    """Show what an apply would change, and write nothing. Exit code 2 when there is something."""
    from provisioning_assets.cli.plans import plans

    found = [each for name in environments(engagement, environment) for each in plans(_jobs(engagement), name, tell)]
    if as_json:
        print(json.dumps([each.as_json() for each in found], indent=2))
    else:
        for each in found:
            out.print(f"{each.environment}/{each.asset}: {each.error or each.plan}", markup=False)
            for change in each.plan.changes if each.plan else ():
                out.print(f"  {change}", markup=False)
    changed = any(each.pending or (each.plan and not each.plan.empty) for each in found)
    raise typer.Exit(NOT_READY if changed else COULD_NOT_TELL if any(each.error for each in found) else 0)


@app.command()
def apply(
    engagement: Engagement,
    environment: Environment = None,
    only: Annotated[list[str] | None, typer.Option(help="One asset by name; may be given several times.")] = None,
) -> None:
    """Provision, environment after environment, through the same Dagster jobs as the web interface."""
    jobs = _jobs(engagement)
    for name in environments(engagement, environment):
        began = time.monotonic()
        tell(f"{engagement}/{name}: apply")
        ran = jobs.apply(name, only or ())
        for words in ran.failures:
            out.print(words, style="red", markup=False)
        evidence = sum(entry.kind == "evidence" for entry in ran.recorded)
        changed = sum(entry.kind == "apply_started" for entry in ran.recorded)
        what = f"{changed} assets changed" if changed else "nothing changed"
        proven = f"{evidence - len(ran.red)} items proven, {len(ran.red)} red"
        ended = "done" if ran.success else "failed"
        tell(f"{engagement}/{name}: {ended} in {time.monotonic() - began:.0f} s, {what}, {proven}")
        if ran.exit_code:
            raise typer.Exit(ran.exit_code)


@app.command()
def drift(engagement: Engagement, environment: Environment = None, as_json: AsJson = False) -> None:
    """Run the checks alone. Exit code 0: none, 2: drift (or not ready), 1: could not check."""
    jobs = _jobs(engagement)
    rows: list[dict[str, Any]] = []
    complete = True
    for name in environments(engagement, environment):
        ran = jobs.check(name)
        for words in ran.failures:
            out.print(words, style="red", markup=False)
        try:
            found = jobs.standings(name)
        except ProvisioningError:
            if not ran.failures:
                raise
            raise typer.Exit(COULD_NOT_TELL) from None  # the run has told why
        complete = complete and not ran.failures and ran.checked >= {(each.asset, each.item.name) for each in found}
        rows.extend(_drift_row(each) for each in found if not each.judgement.opens)
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            where = f"{row['environment']}/{row['asset']}"
            out.print(f"{where}: {row['item']} is {row['state']}: {row['summary']}", markup=False)
        nothing = "no drift" if complete else "not everything could be checked"
        out.print(f"{len(rows)} items differ or could not be checked" if rows else nothing, markup=False)
    if any(not row["could_not_check"] for row in rows):
        raise typer.Exit(NOT_READY)
    raise typer.Exit(COULD_NOT_TELL if rows or not complete else 0)


def _drift_row(standing: Any) -> dict[str, Any]:
    judgement = standing.judgement
    seen = judgement.state == "red" and judgement.evidence and not judgement.unknown
    return {
        "environment": standing.environment,
        "asset": standing.asset,
        "item": standing.item.name,
        "state": judgement.state,
        "summary": judgement.reason,
        "differences": judgement.evidence.finding.evidence.get("differences", []) if seen else [],
        "could_not_check": not seen,
    }


@app.command()
def recheck(item: str, engagement: Engagement, environment: Environment = None) -> None:
    """Run one readiness item again, without its asset, however fresh its evidence is."""
    jobs = _jobs(engagement)
    names = environments(engagement, environment)
    known = {name: jobs.items(name) for name in names}
    if not any(item in items for items in known.values()):
        every = sorted(set().union(*known.values()))
        raise ProvisioningError(f"there is no check {item} in {', '.join(names)}", remedy=f"one of {', '.join(every)}")
    code = 0
    for name in (name for name in names if item in known[name]):
        ran = jobs.check(name, item)
        came_to_it = item in {checked for _, checked in ran.checked}
        code = min(filter(None, (code, ran.exit_code or (0 if came_to_it else COULD_NOT_TELL))), default=0)
        for words in ran.failures:
            out.print(words, style="red", markup=False)
    raise typer.Exit(code)


@app.command()
def readiness(engagement: Engagement, as_json: AsJson = False) -> None:
    """Write the readiness report from the recorded evidence. Exit code 0 only for GO."""
    from provisioning_assets.cli.reports import report_of
    from provisioning_assets.report.as_json import as_json as report_as_json
    from provisioning_assets.report.writing import write_report

    report, problems = report_of(lineage(engagement))
    paths = write_report(report, home.reports(engagement))
    if as_json:
        print(report_as_json(report))
    else:
        for item in report.items:
            out.print(f"  {item.state:<8} {item.number}. {item.title}", style=_STYLES[item.state], markup=False)
        for problem in problems:
            out.print(problem, style="red", markup=False)
        out.print(f"{report.decision}: {len(report.reasons)} reasons against it", style="bold", markup=False)
        out.print(f"report: {next(path for path in paths if path.suffix == '.html')}", markup=False)
    raise typer.Exit(0 if report.decision == "GO" else COULD_NOT_TELL if problems else NOT_READY)


@app.command()
def status(as_json: AsJson = False) -> None:
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


@app.command()
def why(
    item: Annotated[str, typer.Argument(help="Name of a readiness item.")],
    engagement: Annotated[str | None, typer.Argument(help="One engagement; all of them without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """What an item looks at, its last evidence, and what to do. Exit code 1: the record could not be read."""
    from provisioning_assets.cli.reports import report_of
    from provisioning_assets.report.why import explain

    names = [engagement] if engagement else [folder.name for folder in folders()]
    reports = [report_of(lineage(name)) for name in names]
    found = [each for report, _ in reports for each in explain(report, item)]
    if as_json:
        print(json.dumps([each.as_data() for each in found], indent=2))
    for each in found if not as_json else ():
        check = each.check
        never = "whether it was ever checked is not known" if check.unknown else "never checked"
        age = never if each.age is None else f"checked {each.age.total_seconds() / 60:.0f} min ago"
        out.print(
            f"{check.address}: {check.name} is {check.state}: {check.summary}", style=_STYLES[check.state], markup=False
        )
        out.print(
            f"  looks at: {check.claim}\n  {age}; review item {each.review_title}; holds the {check.gates}",
            markup=False,
        )
        out.print(f"  to do: {check.to_do} ({check.owner})", markup=False)
    raise typer.Exit(COULD_NOT_TELL if any(problems for _, problems in reports) else 0)


@app.command()
def unlock(engagement: Engagement, environment: str) -> None:
    """Break the lock of an environment whose holder is gone for good. Be sure: two writers destroy each other."""
    from provisioning_assets.runs.session import open_session

    (name,) = environments(engagement, environment)
    holder = open_session(lineage(engagement), name, run="unlock", progress=tell).break_lock()
    out.print(f"was held by {holder}; it is free now" if holder else "nobody held it", markup=False)


@app.command()
def ui(port: Annotated[int, typer.Option(help="Loopback port.")] = 3000) -> None:
    """Open Dagster on loopback: lineage, checks, schedules."""
    home.become_dagster(port)


def _jobs(name: str) -> Any:
    """The engagement's jobs; loads Dagster, which takes two seconds."""
    from provisioning_assets.assets.assembly import assemble
    from provisioning_assets.cli.runs import Jobs

    logging.getLogger("provisioning").setLevel(logging.INFO)
    if not logging.getLogger("provisioning").handlers:
        logging.getLogger("provisioning").addHandler(_Progress())
        logging.getLogger("provisioning").propagate = False
    return Jobs(*assemble(load(name)), tell)


class _Progress(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Show a line of progress."""
        tell(record.getMessage())
