"""`provisioning sandbox …`."""

import json
import time
from typing import Annotated

import typer
from rich.table import Table

from provisioning_assets.cli import home
from provisioning_assets.cli.console import NOT_READY, out, tell
from provisioning_assets.sandbox import lifecycle as sandbox
from provisioning_assets.sandbox.processes import Member

app = typer.Typer(no_args_is_help=True, help="The embedded cloud: real servers on loopback ports.")


@app.command()
def start() -> None:
    """Start every server that does not run; write their addresses to the profile `sandbox`."""
    began = time.monotonic()
    _show_members(sandbox.start(home.sandbox(), tell))
    tell(f"the sandbox answers ({time.monotonic() - began:.1f} s); profile: {sandbox.profile_file(home.sandbox())}")


@app.command()
def stop() -> None:
    """End every server. The emulated cloud is in memory: it is gone with them."""
    _show_members(sandbox.stop(home.sandbox()))


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Each server: address, state, process. Exit code 2 when one does not run."""
    members = sandbox.status(home.sandbox())
    if as_json:
        print(json.dumps([member.as_json() for member in members], indent=2))
    else:
        _show_members(members)
    raise typer.Exit(0 if all(member.state == "running" for member in members) else NOT_READY)


def _show_members(members: list[Member]) -> None:
    table = Table("name", "address", "state", "process")
    for member in members:
        style = {"running": "green", "crashed": "red"}.get(member.state, "yellow")
        table.add_row(member.name, member.address, f"[{style}]{member.state}[/]", str(member.pid or ""))
    out.print(table)
