"""`provisioning sandbox …`."""

import time

import typer
from rich.table import Table
from rich.text import Text

from provisioning_assets.cli import home
from provisioning_assets.cli.arguments import AsJson
from provisioning_assets.cli.console import NOT_READY, answer, say, tell
from provisioning_assets.sandbox import lifecycle as sandbox
from provisioning_assets.sandbox.processes import Member

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The embedded cloud: real servers on loopback ports.\n\nTo try everything without an account.",
)


@app.command()
def start() -> None:
    """Start every server that does not run.

    Their addresses are written to the profile `sandbox`.

    Exit codes: 0 all of them answer; 1 an error.
    """
    began = time.monotonic()
    _show_members(sandbox.start(home.sandbox(), tell))
    tell(f"the sandbox answers ({time.monotonic() - began:.1f} s); profile: {sandbox.profile_file(home.sandbox())}")


@app.command()
def stop() -> None:
    """End every server. The emulated cloud is in memory: it is gone with them.

    Exit codes: 0 none runs; 1 an error.
    """
    _show_members(sandbox.stop(home.sandbox()))


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show each server: address, state, process.

    Exit codes: 0 all of them run; 2 one does not; 1 an error.
    """
    members = sandbox.status(home.sandbox())
    if as_json:
        answer([member.as_json() for member in members])
    else:
        _show_members(members)
    raise typer.Exit(0 if all(member.state == "running" for member in members) else NOT_READY)


def _show_members(members: list[Member]) -> None:
    table = Table("name", "address", "state", "process")
    for member in members:
        style = {"running": "green", "crashed": "red"}.get(member.state, "yellow")
        table.add_row(member.name, member.address, Text(member.state, style), str(member.pid or ""))
    say(table)
