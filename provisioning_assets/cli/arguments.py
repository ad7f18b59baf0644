"""Arguments and options that commands share."""

import os
from typing import Annotated

import typer

from provisioning_assets.cli.console import for_machines
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.runs.profiles import CHOSEN

Engagement = Annotated[str, typer.Argument(metavar="ENGAGEMENT", help="Its folder's name below engagements/.")]
Environment = Annotated[
    str | None,
    typer.Argument(metavar="ENVIRONMENT", help="One environment. Without it: all of them, in their order."),
]
OneEnvironment = Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="One environment of the engagement.")]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json",
        help='One JSON document on standard output, {"error": ...} when the call fails; progress on standard error.',
        callback=for_machines,
    ),
]


def _choose(profile: str | None) -> str | None:
    """A name that is missing, as of a variable that is not set, does not mean the engagement file's profile."""
    if profile is not None:
        choices = [choice.strip().partition("=") for choice in profile.split(",")]
        if not all(name.strip() and (for_whom.strip() or not equals) for name, equals, for_whom in choices):
            raise ProvisioningError(
                f"`{profile}` names no profile", where="--profile", remedy="--profile NAME, or ENVIRONMENT=NAME,..."
            )
        os.environ[CHOSEN] = profile
    return profile


Profile = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Addresses and credentials to work with, instead of the engagement file's profile (docs/profiles.md)."
        " ENVIRONMENT=NAME,... for one of each environment.",
        callback=_choose,
    ),
]
