"""Bring up a client's production environment from files, and prove it before the launch.

Start with `new`, `validate`, `plan`, `apply`, `readiness`; `why` explains what is not green, `check` looks again.

Exit codes: 0 nothing to do, or ready; 2 changes, drift, refused or not ready; 1 an error, or could not tell;
130 and 143 ended by SIGINT and SIGTERM.
"""

import sys
import time
from contextlib import suppress
from typing import Annotated, Any

import typer
from typer.exceptions import Abort, TyperException

from provisioning_assets.cli import home, interrupts, looking, sandbox_commands, serving
from provisioning_assets.cli.arguments import AsJson, Engagement, Environment, OneEnvironment, Profile
from provisioning_assets.cli.console import (
    COULD_NOT_TELL,
    answer,
    asked_for_json,
    follow_progress,
    say,
    tell,
    warn,
    write_in_any_encoding,
)
from provisioning_assets.cli.engagements import environments, find, folders, graph, in_order
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.errors import ConfigurationError, Interrupted, ProvisioningError, internal
from provisioning_assets.report.as_json import error_as_data, rows_as_data

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text, which any width and any encoding can show whole
    help=__doc__,
)


def main() -> None:
    """Run a command; every error is told in words, with its exit code. A mistyped call is no drift: it is 1, not 2."""
    write_in_any_encoding()
    failed: ProvisioningError
    try:
        with interrupts.noticed():
            code = app(standalone_mode=False, prog_name="provisioning")
            if code != Interrupted.exit_code:
                sys.exit(code)
            failed, code = Interrupted(), interrupts.exit_code()
    except Interrupted as error:
        failed, code = error, interrupts.exit_code()
    except KeyboardInterrupt:  # while Typer still puts the commands together
        failed, code = Interrupted(), interrupts.exit_code()
    except ProvisioningError as error:
        failed, code = error, error.exit_code
    except TyperException as error:
        failed, code = _mistyped(error), COULD_NOT_TELL
    except Abort:
        failed, code = ProvisioningError("ended before it was done"), COULD_NOT_TELL
    except Exception as error:  # noqa: BLE001 - a traceback may show a secret
        failed, code = internal("provisioning", error), COULD_NOT_TELL
    warn(f"error: {failed}")
    if asked_for_json(sys.argv[1:]):
        with suppress(ProvisioningError):  # where it cannot be written, that has been told
            answer({"error": {**error_as_data(failed), "exit_code": code}})
    sys.exit(code)


def _mistyped(error: TyperException) -> ProvisioningError:
    """What is wrong with a call, in Typer's words. One without a command has its help as words: it is shown."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else " ".join(["provisioning", *sys.argv[1:2]])
    words = error.format_message()
    if not words or (context and words == context.get_help()):
        say(words)
        words = "a command is missing"
    cause = ""
    if getattr(getattr(error, "param", None), "name", "") == "engagement":
        try:
            cause = f"the engagements are {', '.join(folder.name for folder in folders())}"
        except ProvisioningError as none:
            return none
    return ProvisioningError(words, cause=cause, remedy=f"{command} --help")


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower-case letters, digits and _; a letter first.")],
) -> None:
    """Write a new engagement: a commented file, valid as it is.

    Exit codes: 0 written; 1 an error.
    """
    from provisioning_assets.engagement.scaffold import scaffold

    folder = scaffold(name, home.repository() / home.ENGAGEMENTS)
    say(f"wrote {folder}\nnext: edit {folder}/engagement.yaml, then: provisioning validate {name}")


@app.command()
def validate(engagement: Engagement, as_json: AsJson = False) -> None:
    """Name everything that is wrong in an engagement file.

    No server is asked. With --json: a list of the problems, each with file, line, column, what and expected; empty for
    a valid file.

    Exit codes: 0 valid; 1 a problem, or an error.
    """
    folder = find(engagement)
    try:
        found = load_engagement(folder)
    except ConfigurationError as error:
        if as_json:
            warn(f"error: {error}")
            answer(error_as_data(error)["problems"])
            raise typer.Exit(error.exit_code) from None
        raise
    names = ", then ".join(environment.name for environment in found.environments)
    if as_json:
        answer([])
    else:
        say(f"{engagement}: valid ({names}, which goes live)")
        if found.exception:
            say(found.exception, "bold")


@app.command()
def plan(
    engagement: Engagement, environment: Environment = None, profile: Profile = None, as_json: AsJson = False
) -> None:
    """Show what an apply would change; write nothing.

    With --json: a list of the assets, each with its changes, and with what nobody could compare (`unseen`).

    Exit codes: 0 nothing would change; 2 something would; 1 an error, or nobody can plan, compare or apply an asset.
    """
    from provisioning_assets.cli.failures import Failure
    from provisioning_assets.cli.plans import Planned, exit_code, plans

    follow_progress()
    in_order("plan", engagement, environment)
    planned = graph(engagement)
    found: list[Planned] = []
    failures: list[Failure] = []
    for name in environments(engagement, environment):
        try:
            found.extend(plans(planned, name, tell))
        except ProvisioningError as error:
            failures.append(Failure.of(error).at(name))
    for failure in failures:
        warn(f"error: {failure.words}")
    if as_json:
        answer(rows_as_data([each.as_json() for each in found], [each.parts for each in failures]))
    else:
        for each in found:
            say(f"{each.environment}/{each.asset}: {each.error or each.plan}")
            for change in each.plan.changes if each.plan else ():
                say(f"  {change.told}")
            for name, why in each.plan.unseen.items() if each.plan else ():
                say(f"  unseen {name}: {why}")
    raise typer.Exit(exit_code(found, {failure.exit_code for failure in failures}))


@app.command()
def apply(
    engagement: Engagement,
    environment: Environment = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="ASSET", help="This asset alone; may be given several times.")
    ] = None,
    profile: Profile = None,
) -> None:
    """Provision: write what differs, read it back, check it.

    The same jobs as in the web interface. Environment after environment, and no further than the first that is not
    ready.

    Exit codes: 0 all of it done and proven; 2 refused, or not ready; 1 an error, or nobody could tell.
    """
    in_order("apply", engagement, environment)
    jobs = _jobs(engagement)
    for name in environments(engagement, environment):
        began = time.monotonic()
        tell(f"{engagement}/{name}: apply")
        ran = jobs.apply(name, only or ())
        for failure in ran.failures:
            warn(f"error: {failure.at(name).words}")
        evidence = sum(entry.kind == "evidence" for entry in ran.recorded)
        changed = sum(entry.kind == "apply_started" for entry in ran.recorded)
        what = f"{changed} assets changed" if changed else "nothing changed"
        proven = f"{evidence - len(ran.red)} items proven, {len(ran.red)} red"
        ended = "done" if ran.success else "failed"
        tell(f"{engagement}/{name}: {ended} in {time.monotonic() - began:.0f} s, {what}, {proven}")
        if ran.exit_code:
            raise typer.Exit(ran.exit_code)


def unlock(engagement: Engagement, environment: OneEnvironment, profile: Profile = None) -> None:
    """Break the lock of an environment whose holder is gone for good.

    Be sure: two writers destroy each other. A dead run of this host needs it not: the next run takes its lock.

    Exit codes: 0 it is free; 1 an error, or its holder is at work.
    """
    from provisioning_assets.runs.opening import force_unlock, open_session

    in_order("unlock", engagement, environment)
    (name,) = environments(engagement, environment)
    holder = force_unlock(open_session(graph(engagement), name, run="unlock", progress=tell))
    say(f"was held by {holder}; it is free now" if holder else "nobody held it")


def _jobs(name: str) -> Any:
    """The engagement's jobs; loads Dagster, which takes two seconds."""
    from provisioning_assets.cli.runs import Jobs

    follow_progress()
    return Jobs(graph(name), tell)


for command in (looking.check, looking.readiness, looking.status, looking.why):
    app.command()(command)
app.command()(unlock)
app.command()(serving.ui)
app.add_typer(sandbox_commands.app, name="sandbox")
