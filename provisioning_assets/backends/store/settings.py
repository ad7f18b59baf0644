"""Settings of stores, which keep an engine's state, our record and our lock."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from provisioning_assets.backends.backend import Settings
from provisioning_assets.backends.variables import AWS, POSTGRESQL


class S3(Settings):
    """A bucket of Amazon S3."""

    variables: ClassVar = AWS
    name: Literal["s3"] = "s3"
    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    """Name of the bucket; the first apply creates it."""


class Files(Settings):
    """A folder, for a record on one machine."""

    name: Literal["files"] = "files"
    folder: Annotated[str, Field(min_length=1, max_length=100)]
    """The folder, relative to the repository; the first apply makes it, and git ignores it then."""


class Postgresql(Settings):
    """A schema in the PostgreSQL database that the profile's PGHOST, PGUSER and PGDATABASE name.

    Give each environment a database of its own: while Terraform writes the first state of a stage, no other stage in
    the same database can be planned.
    """

    variables: ClassVar = POSTGRESQL
    name: Literal["postgresql"] = "postgresql"
    schema_name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")] = "provisioning"
    """Name of the schema; the first apply creates it."""
