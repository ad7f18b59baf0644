"""Settings of secret stores."""

from typing import Annotated, ClassVar, Literal

from provisioning_assets.backends.addresses import Url
from provisioning_assets.backends.backend import IDENTITY, Settings
from provisioning_assets.backends.variables import VAULT


class OpenBao(Settings):
    """An OpenBao server, or a cluster behind one address."""

    variables: ClassVar = VAULT
    name: Literal["openbao"] = "openbao"
    address: Annotated[Url | None, IDENTITY] = None
    """Its address; must be the profile's VAULT_ADDR, which is the default."""


class Vault(Settings):
    """A HashiCorp Vault server, or a cluster behind one address."""

    variables: ClassVar = VAULT
    name: Literal["vault"] = "vault"
    address: Annotated[Url | None, IDENTITY] = None
    """Its address; must be the profile's VAULT_ADDR, which is the default."""
