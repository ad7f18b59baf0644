"""Settings of secret stores."""

from typing import Annotated, ClassVar, Literal

from provisioning_assets.backends.addresses import Url, url
from provisioning_assets.backends.backend import IDENTITY, Settings
from provisioning_assets.backends.variables import texts

_VARIABLES = {
    "VAULT_ADDR": url,
    **texts("VAULT_TOKEN", "VAULT_TOKEN_FILE", "VAULT_NAMESPACE", "VAULT_CACERT"),
    **texts("VAULT_CLIENT_CERT", "VAULT_CLIENT_KEY"),
}


class OpenBao(Settings):
    """An OpenBao server, or a cluster behind one address."""

    variables: ClassVar = _VARIABLES
    name: Literal["openbao"] = "openbao"
    address: Annotated[Url | None, IDENTITY] = None
    """Its address; must be the profile's VAULT_ADDR, which is the default."""


class Vault(Settings):
    """A HashiCorp Vault server, or a cluster behind one address."""

    variables: ClassVar = _VARIABLES
    name: Literal["vault"] = "vault"
    address: Annotated[Url | None, IDENTITY] = None
    """Its address; must be the profile's VAULT_ADDR, which is the default."""
