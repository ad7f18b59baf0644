"""Settings of configuration stores."""

from typing import Literal

from provisioning_assets.backends.backend import Settings


class Ssm(Settings):
    """Parameter Store of AWS Systems Manager."""

    name: Literal["ssm"] = "ssm"
