"""Settings of certificate authorities."""

from typing import Annotated, ClassVar, Literal

from provisioning_assets.backends.addresses import Url, url
from provisioning_assets.backends.backend import IDENTITY, Settings


class Acme(Settings):
    """An ACME authority (RFC 8555), such as Let's Encrypt."""

    variables: ClassVar = {"ACME_DIRECTORY_URL": url}
    name: Literal["acme"] = "acme"
    directory: Annotated[Url | None, IDENTITY] = None
    """Its directory; must be the profile's ACME_DIRECTORY_URL, which is the default."""
