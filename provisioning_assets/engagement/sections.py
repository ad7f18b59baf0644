"""The six sections of an engagement, as one environment has them: what each task class is to bring about."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.certificates.settings import Acme, KeyType
from provisioning_assets.backends.config.settings import Ssm
from provisioning_assets.backends.dns.settings import Route53
from provisioning_assets.backends.forms import Form
from provisioning_assets.backends.infrastructure.settings import Terraform
from provisioning_assets.backends.monitoring.settings import CloudWatch
from provisioning_assets.backends.secrets.settings import OpenBao
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.engagement.products import (
    CertificatesSettings,
    ConfigSettings,
    CopiesSettings,
    DnsSettings,
    EngineSettings,
    MonitoringSettings,
    SecretsSettings,
)

NAME = r"^[a-z][a-z0-9_]*$"
PART = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
"""Of a name that is joined to others: Dagster has `__` between engagement, environment and asset."""
LABEL = r"^[a-z0-9][a-z0-9-]*$"
Name = Annotated[str, Field(pattern=NAME, max_length=40)]
Part = Annotated[str, Field(pattern=PART, max_length=40)]
Label = Annotated[str, Field(pattern=LABEL, max_length=60)]
RelativePath = Annotated[str, Field(min_length=1, max_length=100)]
Text = Annotated[str, Form(r"\s*\S[\s\S]*", "a text that is not empty")]
Address = Annotated[
    str, Form(r"[^\s@,;:<>()\"\\]+@[^\s@.,;:<>()\"\\]+(\.[^\s@.,;:<>()\"\\]+)+", "an address: `somebody@example.com`")
]
Variable = Annotated[
    str, Form(r"[A-Za-z_][A-Za-z0-9_]*", "the name of a variable: letters, digits and _, no digit first")
]
LogName = Annotated[
    str,
    Form(r"(?!.*//)[A-Za-z0-9_]([A-Za-z0-9._/-]{0,198}[A-Za-z0-9_])?", "letters, digits, `.`, -, _ and single /"),
]
Seconds = Annotated[int, Field(ge=1, le=604_800)]


class Model(BaseModel):
    """Frozen, and strict about keys: an unknown key is a mistake, not a hint."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Stage(Model):
    """One unit of infrastructure code, applied on its own by its engine."""

    name: Part
    """What the stage is called in the graph: networking, datastores, compute, endpoints, or your own."""
    root: RelativePath
    """Folder of its code, relative to the repository."""
    after: tuple[Name, ...] = ()
    """Stages (or `certificates`, for listeners) that must be proven first. Empty: the stage before it."""
    variables: dict[str, JsonValue] = {}
    """Input variables of the code, beside `engagement`, `environment` and `region`, which every stage gets."""
    engine: EngineSettings = Terraform()
    """The engine that applies it."""


class Record(Model):
    """One RRset. Give `values`, or `alias` for a record that follows another name of the zone."""

    name: str
    """Relative to the zone; `@` is the zone itself."""
    type: Literal["A", "AAAA", "CNAME", "MX", "TXT", "CAA", "SRV", "NS"]
    """The type of all its values."""
    ttl: Seconds = 300
    """Seconds; the documented TTL. An alias has none of its own."""
    values: tuple[str, ...] = ()
    """In the zone file's presentation form; TXT without quotes."""
    alias: str | None = None
    """The absolute name that an A or AAAA record follows."""


class Dns(Model):
    """The zone and its records."""

    provider: DnsSettings = Route53()
    """The back end that holds the zone."""
    zone: str
    """The domain of the zone; one of the stages creates it."""
    records: tuple[Record, ...] = Field(min_length=1)
    """Each RRset that is to be published."""


class Certificate(Model):
    """One certificate, with all its names."""

    name: Label
    """What it is called here and in the secret store."""
    names: tuple[str, ...] = Field(min_length=1)
    """DNS names; a wildcard is written `*.example.com`."""
    served_at: tuple[str, ...] = ()
    """Host names at which a TLS client must see this certificate. Empty: the names without wildcards."""
    key_type: KeyType = "ec256"
    """Type of its key: `ec256` (ECDSA on P-256), or RSA for clients that know nothing else. Another one is reissued."""


class Certificates(Model):
    """Where certificates come from, and which."""

    provider: CertificatesSettings = Acme()
    """The back end that issues them."""
    import_into: CopiesSettings | None = None
    """A product that gets a copy of each one, with its key, for what serves from there: load balancers, CloudFront."""
    contact: Address
    """Address that the authority writes to."""
    certificates: tuple[Certificate, ...] = Field(min_length=1)
    """Each with all its names."""

    @property
    def proof(self) -> str | None:
        """How names are proven: `dns-01`, unless the settings say `http-01`; None where the authority proves none."""
        if Capability.CHALLENGES in catalogue.lacks(Kind.CERTIFICATES, self.provider.name):
            return None
        return str(getattr(self.provider, "challenge", "dns-01"))

    @property
    def keeps_keys(self) -> bool:
        """Whether the product that issues them keeps their keys, and so chooses the type."""
        return Capability.KEEPS_KEYS not in catalogue.lacks(Kind.CERTIFICATES, self.provider.name)


class Generate(Model):
    """A value made by us from the system's random source."""

    generate: Annotated[int, Field(ge=16, le=256)]
    """Length in characters."""


class FromEnvironment(Model):
    """A value from a variable of the operator's shell."""

    environment: Variable
    """Name of the variable."""


class FromFile(Model):
    """A value from a file of the operator, outside the repository."""

    file: str
    """Absolute path, outside the repository; `~` is the operator's home."""


class Secret(Model):
    """One secret: its name and everything about it, except its value."""

    name: Label
    """Its name in the secret store."""
    owner: Text
    """Who answers for it and rotates it."""
    purpose: Literal["runtime", "engagement"]
    """`runtime`: the production system uses it. `engagement`: the agency uses it until hand-off."""
    source: Generate | FromEnvironment | FromFile
    """Where the first value comes from: one of `generate`, `environment`, `file`."""
    rotate_every: timedelta
    """Rotation period, ISO 8601: P90D."""


class Secrets(Model):
    """The secrets platform, what it is to hold, and what the deployment pipeline may read."""

    provider: SecretsSettings = OpenBao()
    """The back end that keeps the values."""
    secrets: tuple[Secret, ...] = Field(min_length=1)
    """All that the platform is to hold for this environment."""
    pipeline_reads: tuple[Label, ...] = Field(min_length=1)
    """Names of the runtime secrets that the deployment pipeline reads."""


class RuntimeConfig(Model):
    """Version-controlled configuration files, published key by key."""

    provider: ConfigSettings = Ssm()
    """The back end that the running system reads from."""
    prefix: str
    """Path under which the keys live, for example /demo_shop/production/config."""
    files: tuple[RelativePath, ...] = Field(min_length=1)
    """YAML files relative to the engagement's folder; a later file's key wins."""


class Probe(Model):
    """A health check from outside."""

    name: Label
    """Its name, which what it measures carries, too."""
    url: str
    """What is asked: https://HOST/PATH, in the zone."""


class Alert(Model):
    """A rule on a probe: unhealthy for `periods` periods is a breach."""

    name: Label
    """Its name."""
    probe: Label
    """Name of the probe that it watches."""
    period: Literal[10, 30, 60] = 60
    """Seconds."""
    periods: Annotated[int, Field(ge=1, le=10)] = 1
    """How many in a row are a breach."""


class Dashboard(Model):
    """A version-controlled dashboard, in the product's own form."""

    name: Label
    """Its name."""
    file: RelativePath
    """JSON relative to the engagement's folder; `${…}` is filled in as everywhere."""


class Monitoring(Model):
    """What watches the environment: logs, probes, dashboards, alerts, and where alerts go."""

    provider: MonitoringSettings = CloudWatch()
    """The back end that watches."""
    logs: tuple[LogName, ...] = ()
    """Names of logs that are kept, within the engagement and the environment."""
    log_retention_days: Literal[7, 14, 30, 60, 90, 180, 365] = 30
    """Days until a log line is deleted."""
    probes: tuple[Probe, ...] = Field(min_length=1)
    """Health checks from outside."""
    dashboards: tuple[Dashboard, ...] = Field(min_length=1)
    """What people look at."""
    alerts: tuple[Alert, ...] = Field(min_length=1)
    """Rules, each with a quiet route at once, and the pager, which is off until the launch."""
