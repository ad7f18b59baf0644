"""Settings of infrastructure engines."""

from typing import ClassVar, Literal

from provisioning_assets.backends.backend import Settings
from provisioning_assets.backends.variables import AWS, texts


class Terraform(Settings):
    """Terraform, as installed on the machine where a run works."""

    variables: ClassVar = {
        **AWS,
        **texts("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "TF_TOKEN_", "TF_REGISTRY_", "XDG_DATA_HOME"),
        **texts("PROVISIONING_TERRAFORM_MIRROR"),
    }
    name: Literal["terraform"] = "terraform"
