"""Settings of certificate authorities."""

import binascii
from base64 import b64decode
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from provisioning_assets.backends.addresses import Url, url
from provisioning_assets.backends.backend import IDENTITY, Settings
from provisioning_assets.backends.forms import Form
from provisioning_assets.backends.variables import AWS, VAULT, texts

KeyType = Literal["ec256", "rsa2048", "rsa3072", "rsa4096"]
"""What keys of certificates can be: on P-256, or RSA with so many bits."""

EAB_KEY_ID, EAB_HMAC_KEY = "ACME_EAB_KEY_ID", "ACME_EAB_HMAC_KEY"

_PART = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
_WEBROOT = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_.-]+)*|/[^\x00-\x1f]*"
_ARN = r"arn:aws[a-z-]*:acm-pca:[a-z0-9-]+:[0-9]{12}:certificate-authority/[0-9a-f-]{36}"


def _below(folder: str) -> str:
    path = PurePosixPath(folder)
    if path.is_absolute() or ".." in path.parts:
        raise PydanticCustomError("folder", "a folder below the engagement's own")
    return folder


def base64url(text: str) -> bytes:
    """The bytes behind base64url (RFC 4648, 5), with or without its padding."""
    try:
        found = b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars="-_", validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not found:
        raise ValueError("base64url, as authorities give keys: letters, digits, - and _")
    return found


def _fitting(webroot: str | None, info: ValidationInfo) -> str | None:
    by_http = info.data.get("challenge") == "http-01"
    if by_http != bool(webroot) and "challenge" in info.data:
        needed = "the folder or bucket that the edge serves from, which `challenge: http-01` needs"
        raise PydanticCustomError("webroot", needed if by_http else "`challenge: http-01` beside it, or no `webroot`")
    return webroot


class Acme(Settings):
    """An ACME authority (RFC 8555), such as Let's Encrypt."""

    variables: ClassVar = {**AWS, "ACME_DIRECTORY_URL": url, EAB_HMAC_KEY: base64url, **texts(EAB_KEY_ID)}
    name: Literal["acme"] = "acme"
    directory: Annotated[Url | None, IDENTITY] = None
    """Its directory; must be the profile's ACME_DIRECTORY_URL, which is the default."""
    eab_key_id: Annotated[
        Annotated[str, Form(r"[!-~]{1,200}", "the key id as the authority gives it, without spaces")] | None, IDENTITY
    ] = None
    """Key id of the external account binding, where the authority requires one; its key is the profile's
    ACME_EAB_HMAC_KEY. Default is the profile's ACME_EAB_KEY_ID, where an id belongs that looks like a secret."""
    challenge: Literal["dns-01", "http-01"] = "dns-01"
    """How names are proven: by records in the zone, or over plain HTTP, which cannot prove a wildcard."""
    webroot: Annotated[
        Annotated[str, Form(_WEBROOT, "`s3://BUCKET/PREFIX`, or an absolute folder")] | None,
        AfterValidator(_fitting),
        Field(validate_default=True),
        IDENTITY,
    ] = None
    """For http-01: what the edge serves as `http://NAME/`, `s3://BUCKET/PREFIX` in the environment's account, or a
    folder of the machine that applies. Files are put below `.well-known/acme-challenge/`, and taken away again."""


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


Region = Annotated[str, Form(r"[a-z]{2}(-[a-z]+)+-[0-9]", "the code of a region: `us-east-1`")]


class Acm(Settings):
    """AWS Certificate Manager: it issues, keeps the key, and renews; for load balancers and CloudFront."""

    variables: ClassVar = AWS
    name: Literal["acm"] = "acm"
    region: Region | None = None
    """Where the certificates lie, if not in the environment's region: those of CloudFront must lie in us-east-1."""


class AcmCopies(Settings):
    """AWS Certificate Manager, for load balancers and CloudFront: a copy keeps its ARN while we renew."""

    variables: ClassVar = AWS
    name: Literal["acm"] = "acm"
    region: Annotated[Region | None, IDENTITY] = None
    """Where the copies lie, if not in the environment's region: those of CloudFront must lie in us-east-1."""
