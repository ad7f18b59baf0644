"""Arguments and options that commands share."""

import os
from typing import Annotated

import typer

from provisioning_assets.cli.console import for_machines
from provisioning_assets.runs.profiles import CHOSEN

Engagement = Annotated[str, typer.Argument(help="Name of the engagement: its folder below engagements/.")]
Environment = Annotated[str | None, typer.Argument(help="One environment; all of them, in order, without it.")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.", callback=for_machines)]


def _choose(profile: str | None) -> str | None:
    if profile:
        os.environ[CHOSEN] = profile
    return profile


Profile = Annotated[
    str | None,
    typer.Option(
        help="Addresses and credentials to work with, instead of the engagement file's: NAME, or ENVIRONMENT=NAME,…",
        callback=_choose,
    ),
]
