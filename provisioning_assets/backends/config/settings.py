"""Settings of configuration stores."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from provisioning_assets.backends.backend import IDENTITY, Settings
from provisioning_assets.backends.variables import AWS


class Ssm(Settings):
    """Parameter Store of AWS Systems Manager."""

    variables: ClassVar = AWS
    reserved: ClassVar = ("aws", "ssm")
    name: Literal["ssm"] = "ssm"


class Flagd(Settings):
    """A flag document of flagd, the daemon of OpenFeature, in a bucket of Amazon S3.

    Each key below the prefix is a flag of that name. `true` and `false` become boolean flags, numbers that JSON writes
    in the same way number flags (600, 0.25, but not 1.10), everything else string flags. Flags of others in the same
    document are left alone.
    """

    variables: ClassVar = AWS
    name: Literal["flagd"] = "flagd"
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"), IDENTITY]
    """Name of the bucket; a stage creates it."""
    object: Annotated[str, Field(pattern=r"^[\w.-]+(/[\w.-]+)*$", max_length=512), IDENTITY]
    """Key of the document in the bucket; each environment needs one of its own."""


class AppConfig(Settings):
    """A hosted document of AWS AppConfig, which a deployment takes to the clients of an environment.

    Each key below the prefix is a member of that name: `true`, `false` and numbers as JSON writes them, everything else
    as text. The member `provisioning` lists ours; those of others are left alone. A stage creates application,
    environment and profile (hosted, freeform); each is named by its name or its ID.
    """

    variables: ClassVar = AWS
    reserved_keys: ClassVar = ("provisioning",)
    name: Literal["appconfig"] = "appconfig"
    application: Annotated[str, Field(min_length=1, max_length=64), IDENTITY]
    """The application."""
    environment: Annotated[str, Field(min_length=1, max_length=64), IDENTITY]
    """The environment of the application, whose clients read the document; each of ours needs one of its own."""
    profile: Annotated[str, Field(min_length=1, max_length=128), IDENTITY]
    """The configuration profile; environments may share it, since each is deployed to by itself."""
    strategy: Annotated[str, Field(min_length=1, max_length=64)] = "AppConfig.AllAtOnce"
    """The deployment strategy. A run waits until the deployment is complete: as long as the strategy takes."""
