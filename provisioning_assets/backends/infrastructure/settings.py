"""Settings of infrastructure engines."""

from typing import ClassVar, Literal

from provisioning_assets.backends.backend import Settings
from provisioning_assets.backends.variables import AWS, texts


class Terraform(Settings):
    """Terraform or OpenTofu, as installed on the machine where a run works."""

    variables: ClassVar = {
        **AWS,
        **texts("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "TF_TOKEN_", "TF_REGISTRY_", "XDG_DATA_HOME"),
        **texts("PROVISIONING_TERRAFORM_MIRROR"),
    }
    name: Literal["terraform"] = "terraform"
    program: Literal["terraform", "tofu"] = "terraform"
    """The command that carries it out: `tofu` is OpenTofu, with a lock file of its own registry in each root."""


class Cdk(Settings):
    """AWS CDK, for an app in Python: synthesized where a run works, carried out by CloudFormation."""

    name: Literal["cdk"] = "cdk"
