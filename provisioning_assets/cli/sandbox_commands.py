"""`provisioning sandbox …`."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from provisioning_assets.cli import engagements, home
from provisioning_assets.cli.arguments import AsJson
from provisioning_assets.cli.console import NOT_READY, answer, say, tell
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.sandbox import lifecycle as sandbox
from provisioning_assets.sandbox.processes import Member
from provisioning_assets.sandbox.setup import DEMO, Wanted

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The embedded cloud: real servers on loopback ports.\n\nTo try everything without an account.",
)
Engagement = Annotated[
    str | None,
    typer.Argument(
        metavar="ENGAGEMENT", help="Whose servers: those that it names. Without it: those of the demo shop."
    ),
]


@app.command()
def start(engagement: Engagement = None) -> None:
    """Start every server that an engagement needs and that does not run.

    Their addresses are written to the engagement's profile, whose name begins with `sandbox`.

    Exit codes: 0 all of them answer; 1 an error.
    """
    began = time.monotonic()
    path, wanted = _of(engagement)
    _show_members(sandbox.start(path, tell, wanted))
    tell(f"the sandbox answers ({time.monotonic() - began:.1f} s); profile: {sandbox.profile_file(path)}")


@app.command()
def stop(
    engagement: Annotated[
        str | None, typer.Argument(metavar="ENGAGEMENT", help="Whose servers. Without it: all of this repository.")
    ] = None,
) -> None:
    """End every server. The emulated cloud is in memory: it is gone with them.

    Exit codes: 0 none runs; 1 an error.
    """
    for path in home.sandboxes() if engagement is None else [_of(engagement)[0]]:
        tell(path.name)
        _show_members(sandbox.stop(path))


@app.command()
def status(engagement: Engagement = None, as_json: AsJson = False) -> None:
    """Show each server: address, state, process.

    Exit codes: 0 all of them run; 2 one does not; 1 an error.
    """
    members = sandbox.status(*_of(engagement))
    if as_json:
        answer([member.as_json() for member in members])
    else:
        _show_members(members)
    raise typer.Exit(0 if all(member.state == "running" for member in members) else NOT_READY)


def _of(name: str | None) -> tuple[Path, Wanted]:
    """Folder of an engagement's sandbox, and what is to run there."""
    if name is None:
        return home.sandbox(), DEMO
    engagement = engagements.load(name)
    environments = engagement.environments
    profiles = sorted({environment.profile or "" for environment in environments})
    if len(profiles) != 1 or not home.in_sandbox(profiles[0]):
        raise ProvisioningError(
            f"{name} does not live in a sandbox",
            where=str(engagement.folder),
            cause=f"its environments name {', '.join(profile or 'no profile' for profile in profiles)}",
            remedy=f"give all of them `profile: {home.SANDBOX}`, or `{home.SANDBOX}-` and a name, to try it",
        )
    products = {chosen.name for environment in environments for chosen in environment.products.values()}
    products |= {environment.state.name for environment in environments}
    products |= {stage.engine.name for environment in environments for stage in environment.stages}
    zones = tuple(environment.dns.zone for environment in environments)
    return home.sandbox(profiles[0]), Wanted(frozenset(products), zones)


def _show_members(members: list[Member]) -> None:
    table = Table("name", "address", "state", "process")
    for member in members:
        style = {"running": "green", "crashed": "red"}.get(member.state, "yellow")
        table.add_row(member.name, member.address, Text(member.state, style), str(member.pid or ""))
    say(table)
