"""Settings of monitoring products."""

from typing import Literal

from provisioning_assets.backends.backend import Settings


class CloudWatch(Settings):
    """Amazon CloudWatch."""

    name: Literal["cloudwatch"] = "cloudwatch"
