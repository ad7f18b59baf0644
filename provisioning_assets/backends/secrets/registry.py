"""Secret stores, by the name that the engagement file gives them."""

from collections.abc import Callable

from provisioning_assets.backends.secrets import SecretStore
from provisioning_assets.backends.secrets.openbao.store import OpenBao

BACK_ENDS: dict[str, Callable[[str | None], SecretStore]] = {
    "openbao": OpenBao,
    "vault": OpenBao,
}
"""Each takes the server's address, or None for the variable VAULT_ADDR."""
