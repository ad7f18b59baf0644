"""`provisioning`: everything that a person or a script asks of the product.

Exit codes: 0 nothing to do, or ready; 2 changes, drift, refused or not ready; 1 an error, or could not tell.
"""

import json
import sys
import time
from typing import Annotated, Any

import typer
from typer.exceptions import Abort, TyperException

from provisioning_assets.cli import home, looking, sandbox_commands
from provisioning_assets.cli.arguments import AsJson, Engagement, Environment, Profile
from provisioning_assets.cli.console import COULD_NOT_TELL, NOT_READY, follow_progress, out, tell, warn
from provisioning_assets.cli.engagements import environments, graph, load
from provisioning_assets.errors import ConfigurationError, ProvisioningError, internal

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(sandbox_commands.app, name="sandbox")
for command in (looking.check, looking.readiness, looking.status, looking.why):
    app.command()(command)


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
    warn(f"error: {words}")
    sys.exit(code)


@app.command()
def new(name: Annotated[str, typer.Argument(help="Lower-case letters, digits and _.")]) -> None:
    """Write a new engagement that passes `validate` at once."""
    from provisioning_assets.engagement.scaffold import scaffold

    folder = scaffold(name, home.repository() / home.ENGAGEMENTS)
    out.print(f"wrote {folder}\nnext: edit {folder}/engagement.yaml, then: provisioning validate {name}", markup=False)


@app.command()
def validate(engagement: Engagement, as_json: AsJson = False) -> None:
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
    out.print(f"{engagement}: valid ({names})", markup=False)


@app.command()
def plan(
    engagement: Engagement, environment: Environment = None, profile: Profile = None, as_json: AsJson = False
) -> None:
    """Show what an apply would change, and write nothing. Exit code 2 when there is something."""
    from provisioning_assets.cli.plans import plans

    follow_progress()
    planned = graph(engagement)
    found = [each for name in environments(engagement, environment) for each in plans(planned, name, tell)]
    if as_json:
        print(json.dumps([each.as_json() for each in found], indent=2))
    else:
        for each in found:
            out.print(f"{each.environment}/{each.asset}: {each.error or each.plan}", markup=False)
            for change in each.plan.changes if each.plan else ():
                out.print(f"  {change.told}", markup=False)
    changed = any(each.pending or (each.plan and not each.plan.empty) for each in found)
    raise typer.Exit(NOT_READY if changed else COULD_NOT_TELL if any(each.error for each in found) else 0)


@app.command()
def apply(
    engagement: Engagement,
    environment: Environment = None,
    only: Annotated[list[str] | None, typer.Option(help="One asset by name; may be given several times.")] = None,
    profile: Profile = None,
) -> None:
    """Provision, environment after environment, through the same Dagster jobs as the web interface."""
    jobs = _jobs(engagement)
    for name in environments(engagement, environment):
        began = time.monotonic()
        tell(f"{engagement}/{name}: apply")
        ran = jobs.apply(name, only or ())
        for words in ran.failures:
            warn(words)
        evidence = sum(entry.kind == "evidence" for entry in ran.recorded)
        changed = sum(entry.kind == "apply_started" for entry in ran.recorded)
        what = f"{changed} assets changed" if changed else "nothing changed"
        proven = f"{evidence - len(ran.red)} items proven, {len(ran.red)} red"
        ended = "done" if ran.success else "failed"
        tell(f"{engagement}/{name}: {ended} in {time.monotonic() - began:.0f} s, {what}, {proven}")
        if ran.exit_code:
            raise typer.Exit(ran.exit_code)


@app.command()
def unlock(engagement: Engagement, environment: str, profile: Profile = None) -> None:
    """Break the lock of an environment whose holder is gone for good. Be sure: two writers destroy each other."""
    from provisioning_assets.runs.opening import force_unlock, open_session

    (name,) = environments(engagement, environment)
    holder = force_unlock(open_session(graph(engagement), name, run="unlock", progress=tell))
    out.print(f"was held by {holder}; it is free now" if holder else "nobody held it", markup=False)


@app.command()
def ui(port: Annotated[int, typer.Option(help="Loopback port.")] = 3000, profile: Profile = None) -> None:
    """Open Dagster on loopback: the graph, checks, schedules."""
    home.become_dagster(port)


def _jobs(name: str) -> Any:
    """The engagement's jobs; loads Dagster, which takes two seconds."""
    from provisioning_assets.cli.runs import Jobs

    follow_progress()
    return Jobs(graph(name), tell)
