"""Settings of certificate authorities."""

from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from provisioning_assets.backends.addresses import Url, url
from provisioning_assets.backends.backend import IDENTITY, Settings
from provisioning_assets.backends.forms import Form
from provisioning_assets.backends.variables import AWS, VAULT

_PART = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
_ARN = r"arn:aws[a-z-]*:acm-pca:[a-z0-9-]+:[0-9]{12}:certificate-authority/[0-9a-f-]{36}"


def _below(folder: str) -> str:
    path = PurePosixPath(folder)
    if path.is_absolute() or ".." in path.parts:
        raise PydanticCustomError("folder", "a folder below the engagement's own")
    return folder


class Acme(Settings):
    """An ACME authority (RFC 8555), such as Let's Encrypt."""

    variables: ClassVar = {"ACME_DIRECTORY_URL": url}
    name: Literal["acme"] = "acme"
    directory: Annotated[Url | None, IDENTITY] = None
    """Its directory; must be the profile's ACME_DIRECTORY_URL, which is the default."""


class Manual(Settings):
    """A person who has requests signed: each is written as a file, and the chain is put beside it."""

    name: Literal["manual"] = "manual"
    folder: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_below), IDENTITY] = "certificates"
    """Folder of the requests and the chains, relative to the engagement's."""


class OpenBaoPki(Settings):
    """A role of OpenBao's PKI engine, on the server of the secret store."""

    variables: ClassVar = VAULT
    name: Literal["openbao_pki"] = "openbao_pki"
    address: Annotated[Url | None, IDENTITY] = None
    """The server's address; must be the profile's VAULT_ADDR, which is the default."""
    mount: Annotated[str, Form(rf"{_PART}(/{_PART})*", "letters, digits, `.`, - and _, with / between")] = "pki"
    """Where the engine is mounted."""
    role: Annotated[str, Form(_PART, "letters, digits, `.`, - and _")]
    """The role that signs: it decides which names are allowed, and for how long."""


class AcmPca(Settings):
    """An authority of AWS Private CA."""

    variables: ClassVar = AWS
    name: Literal["acm_pca"] = "acm_pca"
    arn: Annotated[str, Form(_ARN, "`arn:aws:acm-pca:REGION:ACCOUNT:certificate-authority/ID`"), IDENTITY]
    """Its ARN; it may lie in another region, or in another account that shares it."""
    days: Annotated[int, Field(ge=1, le=3650)] = 90
    """For how long a certificate is valid; an authority of short-lived ones allows seven."""


class Acm(Settings):
    """AWS Certificate Manager: it issues, keeps the key, and renews; for load balancers and CloudFront."""

    variables: ClassVar = AWS
    name: Literal["acm"] = "acm"
    region: Annotated[str | None, Form(r"[a-z]{2}(-[a-z]+)+-[0-9]", "the code of a region: `us-east-1`")] = None
    """Where the certificates lie, if not in the environment's region: those of CloudFront must lie in us-east-1."""
