"""Settings of infrastructure engines."""

from typing import Literal

from provisioning_assets.backends.backend import Settings


class Terraform(Settings):
    """Terraform, as installed on the machine where a run works."""

    name: Literal["terraform"] = "terraform"
