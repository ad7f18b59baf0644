"""Settings of stores, which keep an engine's state, our record and our lock."""

from typing import Annotated, ClassVar, Literal

from provisioning_assets.backends.backend import Settings
from provisioning_assets.backends.forms import Form
from provisioning_assets.backends.variables import AWS, POSTGRESQL

_BUCKET = r"(?!xn--)(?!([0-9]+\.){3}[0-9]+$)(?!.*([.][.]|[.]-|-[.]))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_SCHEMA = r"(?!pg_)(?!information_schema$)[a-z][a-z0-9_]{0,29}"


class S3(Settings):
    """A bucket of Amazon S3."""

    variables: ClassVar = AWS
    name: Literal["s3"] = "s3"
    bucket: Annotated[str, Form(_BUCKET, "3 to 63 lower-case letters, digits, - and single dots; no IP address")]
    """Name of the bucket; the first apply creates it."""


class Files(Settings):
    """A folder, for a record on one machine."""

    name: Literal["files"] = "files"
    folder: Annotated[str, Form(r"[^\n]{1,100}", "a path of at most 100 characters")]
    """The folder, relative to the repository; the first apply makes it, and git ignores it then."""


class Postgresql(Settings):
    """A schema in the PostgreSQL database that the profile's PGHOST, PGUSER and PGDATABASE name.

    Give each environment a database of its own: while Terraform writes the first state of a stage, no other stage in
    the same database can be planned.
    """

    variables: ClassVar = POSTGRESQL
    name: Literal["postgresql"] = "postgresql"
    schema_name: Annotated[
        str,
        Form(_SCHEMA, "at most 30 lower-case letters, digits and _, a letter first; not PostgreSQL's own"),
    ] = "provisioning"
    """Name of the schema; the first apply creates it."""
