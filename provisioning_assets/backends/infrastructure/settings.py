"""Settings of infrastructure engines."""

from typing import Literal

from provisioning_assets.backends.backend import Settings


class Terraform(Settings):
    """Terraform, as it is installed where a run works."""

    name: Literal["terraform"] = "terraform"


class Cdk(Settings):
    """AWS CDK, for an app in Python: synthesized where a run works, carried out by CloudFormation."""

    name: Literal["cdk"] = "cdk"
