"""Certificate authorities, by the name that the engagement file gives them."""

from collections.abc import Callable

from provisioning_assets.backends.certificates import CertificateAuthority
from provisioning_assets.backends.certificates.acme import Acme, directory_url, reach

BACK_ENDS: dict[str, Callable[[str | None, str, str | None], CertificateAuthority]] = {"acme": Acme}
"""Each takes the directory, the contact and the account's key."""

__all__ = ["BACK_ENDS", "directory_url", "reach"]
