"""Settings of configuration stores."""

from typing import ClassVar, Literal

from provisioning_assets.backends.backend import Settings
from provisioning_assets.backends.variables import AWS


class Ssm(Settings):
    """Parameter Store of AWS Systems Manager."""

    variables: ClassVar = AWS
    reserved: ClassVar = ("aws", "ssm")
    name: Literal["ssm"] = "ssm"
