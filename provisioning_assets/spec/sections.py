"""The six sections of an engagement, as one environment has them: what each task class is to bring about."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

NAME = r"^[a-z][a-z0-9_]*$"
LABEL = r"^[a-z0-9][a-z0-9-]*$"
Name = Annotated[str, Field(pattern=NAME, description="lower-case letters, digits and _")]
Label = Annotated[str, Field(pattern=LABEL, description="lower-case letters, digits and -")]
Seconds = Annotated[int, Field(ge=1, le=604_800)]


class Model(BaseModel):
    """Frozen, and strict about keys: an unknown key is a mistake, not a hint."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Stage(Model):
    """One unit of infrastructure code, applied on its own: a Terraform root."""

    name: Name
    """What the stage is called in the lineage: networking, datastores, compute, endpoints, or your own."""
    root: str
    """Folder of the Terraform root, relative to the repository."""
    after: tuple[Name, ...] = ()
    """Stages (or `certificates`, for listeners) that must be proven first. Empty: the stage before it."""
    variables: dict[str, JsonValue] = {}
    """Input variables of the root, beside `engagement`, `environment` and `region`, which every root has."""
    engine: Literal["terraform"] = "terraform"
    """The back end that applies it."""


class Record(Model):
    """One RRset. Give `values`, or `alias` for a record that follows another name of the zone."""

    name: str
    """Relative to the zone; `@` is the zone itself."""
    type: Literal["A", "AAAA", "CNAME", "MX", "TXT", "CAA", "SRV", "NS"]
    ttl: Seconds = 300
    """Seconds; the documented TTL. An alias has none of its own."""
    values: tuple[str, ...] = ()
    """In the zone file's presentation form; TXT without quotes."""
    alias: str | None = None
    """The absolute name that an A or AAAA record follows."""


class Dns(Model):
    """The zone and its records."""

    provider: Literal["route53", "memory"] = "route53"
    zone: str
    """The domain of the zone; one of the stages creates it."""
    records: tuple[Record, ...]


class Certificate(Model):
    """One certificate, with all its names."""

    name: Label
    names: tuple[str, ...] = Field(min_length=1)
    """DNS names; a wildcard is written `*.example.com`."""
    served_at: tuple[str, ...] = ()
    """Host names at which a TLS client must see this certificate. Empty: the names without wildcards."""


class Certificates(Model):
    """Where certificates come from, and which."""

    provider: Literal["acme"] = "acme"
    contact: str
    """Address that the authority writes to."""
    directory: str | None = None
    """ACME directory; default is the variable ACME_DIRECTORY_URL."""
    certificates: tuple[Certificate, ...]


class Generate(Model):
    """A value made by us from the system's random source."""

    generate: Annotated[int, Field(ge=16, le=256)]
    """Length in characters."""


class FromEnvironment(Model):
    """A value from a variable of the operator's shell."""

    environment: str
    """Name of the variable."""


class FromFile(Model):
    """A value from a file of the operator, outside the repository."""

    file: str
    """Path; `~` is the operator's home."""


class Secret(Model):
    """One secret: its name and everything about it, except its value."""

    name: Label
    owner: str
    """Who answers for it and rotates it."""
    purpose: Literal["runtime", "engagement"]
    """`runtime`: the production system uses it. `engagement`: the agency uses it until hand-off."""
    source: Generate | FromEnvironment | FromFile
    rotate_every: timedelta
    """Rotation period, ISO 8601: P90D."""


class Secrets(Model):
    """The secrets platform, what it is to hold, and what the deployment pipeline may read."""

    provider: Literal["openbao", "vault", "memory"] = "openbao"
    address: str | None = None
    """Server; default is the variable VAULT_ADDR."""
    secrets: tuple[Secret, ...]
    pipeline_reads: tuple[Label, ...]
    """Names of the runtime secrets that the deployment pipeline's AppRole reads."""


class RuntimeConfig(Model):
    """Version-controlled configuration files, published key by key."""

    provider: Literal["ssm", "memory"] = "ssm"
    prefix: str
    """Path under which the keys live, for example /demo_shop/production/config."""
    files: tuple[str, ...] = Field(min_length=1)
    """YAML files relative to the engagement's folder; a later file's key wins."""


class Probe(Model):
    """A health check from outside, and the metric that it feeds (1 healthy, 0 not)."""

    name: Label
    url: str


class Alarm(Model):
    """An alarm on a probe's metric: below 1 for `periods` periods is a breach."""

    name: Label
    probe: Label
    period: Literal[10, 30, 60] = 60
    """Seconds."""
    periods: Annotated[int, Field(ge=1, le=10)] = 1


class Dashboard(Model):
    """A version-controlled dashboard body."""

    name: Label
    file: str
    """JSON relative to the engagement's folder; `${…}` is filled in as everywhere."""


class Monitoring(Model):
    """What watches the environment: probes, logs, dashboards, alarms, and where alarms go."""

    provider: Literal["cloudwatch", "memory"] = "cloudwatch"
    namespace: str
    """Metric namespace, for example demo_shop/production."""
    log_groups: tuple[str, ...]
    log_retention_days: Literal[7, 14, 30, 60, 90, 180, 365] = 30
    probes: tuple[Probe, ...]
    dashboards: tuple[Dashboard, ...]
    alarms: tuple[Alarm, ...]
