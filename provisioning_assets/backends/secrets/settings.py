"""Settings of secret stores."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from provisioning_assets.backends.addresses import Url
from provisioning_assets.backends.backend import IDENTITY, Settings
from provisioning_assets.backends.variables import AWS, VAULT


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


Principal = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:(root|(role|user)/[\w+=,.@/-]+)$")]


class SecretsManager(Settings):
    """AWS Secrets Manager, in the environment's account and region, with IAM for those who may read.

    A secret is called `<engagement>-<environment>/<purpose>/<name>`. The pipeline logs in as the IAM role
    `<engagement>-<environment>-pipeline`; the agency gets the managed policy `<engagement>-<environment>-agency`, to be
    attached to its people. Whoever may list one purpose sees the names of all secrets of the region, as IAM knows no
    narrower right.
    """

    variables: ClassVar = AWS
    longest: ClassVar = {"{scope}-pipeline": 64}  # of IAM
    name: Literal["secretsmanager"] = "secretsmanager"
    kms_key: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+$")] | None = None
    """ARN of the KMS key that encrypts the values; default is Amazon's own for Secrets Manager."""
    assumed_by: tuple[Principal, ...] = ()
    """ARNs of those who may assume the roles: the pipeline's own identity, and the operator's, who tries what it can
    read. Empty: whoever may assume roles in the account."""
