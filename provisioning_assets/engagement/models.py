"""An engagement: one client's launch, as `engagements/<name>/engagement.yaml` states it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, AwareDatetime, Field, JsonValue
from pydantic_core import PydanticCustomError

from provisioning_assets.backends.backend import Settings
from provisioning_assets.backends.forms import Form
from provisioning_assets.core.kinds import Kind
from provisioning_assets.engagement.products import StateSettings, StoreSettings
from provisioning_assets.engagement.sections import (
    Address,
    Certificates,
    Dns,
    Model,
    Monitoring,
    Name,
    Part,
    RuntimeConfig,
    Secrets,
    Stage,
    Text,
)

Profile = Annotated[str, Form(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}", "at most 60 letters, digits, - and _")]
Region = Annotated[
    str, Form(r"(?=.{1,40}$)[a-z0-9]+(-[a-z0-9]+)*", "lower-case letters, digits and -, such as `eu-central-1`")
]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise PydanticCustomError("time_zone", "an IANA name, such as Europe/Berlin")
    return name


class Window(Model):
    """The launch window."""

    opens: AwareDatetime
    """With time and offset: 2026-12-08T06:00:00+01:00."""
    closes: AwareDatetime
    """After `opens`."""


class Launch(Model):
    """When the client goes live, and from when on only fixes are let through."""

    window: Window
    """When the client goes live."""
    freeze: AwareDatetime
    """From here on production, the last environment, takes fixes only."""
    zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    """Time zone in which people are shown times, by its IANA name."""

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone."""
        return ZoneInfo(self.zone)


class Person(Model):
    """A named person, reachable at an address."""

    name: Text
    """As in the signatures, approvals and reports."""
    email: Address
    """Address that this person reads."""


class Operators(Model):
    """Who operates what is provisioned: the agency until hand-off, the client after it."""

    agency: tuple[Person, ...] = Field(min_length=1)
    """Those of the agency."""
    client: tuple[Person, ...] = Field(min_length=1)
    """Those of the client."""


class SingleEnvironment(Model):
    """An exception that a person answers for: there is one environment, so that nothing is tried before it is live."""

    owner: Text
    """Who answers for it."""
    reason: Text
    """Why there is no earlier environment."""


class Roles(Model):
    """Who decides, who operates, who is called."""

    launch_commander: Person
    """Decides go or no-go."""
    operators: Operators
    """Those who apply, of both sides."""
    on_call: tuple[Person, ...] = Field(min_length=1)
    """Those whom the pager calls."""


class Difference(Model):
    """A value in which environments may differ, with the person who answers for it and why.

    Used as `${name}` anywhere in the sections. Everything else is the same in every environment.
    """

    owner: Text
    """Who answers for it."""
    reason: Text
    """Why environments may not be the same here."""
    values: dict[Name, JsonValue]
    """Environment name to value; each environment has one."""


class EnvironmentSettings(Model):
    """An environment as the file lists it: in order of promotion."""

    name: Part
    """Used as `${environment}`; the last one goes live, whatever its name."""
    region: Region
    """Region of the cloud, used as `${region}`. Once applied, it stays: elsewhere is another environment."""
    account: Annotated[str, Form(r"[0-9]{12}", "12 digits, in quotes")] | None = None
    """Number of the AWS account that it lies in. Say it where environments lie in several accounts."""
    profile: Profile | None = None
    """Names the addresses and credentials that it is reached with. Without one: the variables of the shell."""
    state: StateSettings
    """Where the engines' state, our record and the lock are kept."""
    ledger: StoreSettings | None = None
    """Where record and lock are kept instead, if not beside the state."""


class Sections(Model):
    """What an environment is to be: the part of the file that is the same for all of them."""

    stages: tuple[Stage, ...] = Field(min_length=1)
    """Units of infrastructure code, in the order of applying."""
    dns: Dns
    """The zone and its records."""
    certificates: Certificates
    """Which certificates there are, and where they come from."""
    secrets: Secrets
    """Names, owners, sources and periods of secrets; no values."""
    runtime_config: RuntimeConfig
    """Which reviewed files the running system is configured by."""
    monitoring: Monitoring
    """What watches the environment, and whom it calls."""


class Safety(Model):
    """Shares of what exists that one apply may touch; more is refused as a likely mistake. One address always may."""

    deleted: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Share that may be deleted or replaced."""
    changed: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share that may be changed in any way."""


class Header(Model):
    """The part of the file that is about the launch, its people and its environments; nothing is filled in there."""

    schema_version: Literal[1] = Field(alias="schema")
    """Version of this format."""
    engagement: Name
    """Its name, which is also its folder's; used as `${engagement}`."""
    client: Text
    """Who goes live, as people call them."""
    promotion: Literal["incremental", "big-bang"] = "incremental"
    """`incremental`: each stage is proven before the next starts. `big-bang`: no gates between stages."""
    launch: Launch
    """The launch window and the freeze before it."""
    roles: Roles
    """Who decides, who operates, who is called."""
    environments: Annotated[tuple[EnvironmentSettings, ...], Field(min_length=1)]
    """In the order of promotion: what is not proven in one is refused in the next. The last one is production."""
    single_environment: SingleEnvironment | None = None
    """Needed where there is one environment alone, and shown in every report: without an earlier one, no gate."""
    safety: Safety = Safety()
    """How much one apply may delete or change."""
    differences: dict[Name, Difference] = {}
    """The only values in which environments may differ, each used as `${name}`."""


class EngagementFile(Sections, Header):
    """The file as people write it; `${name}` stands for a built-in name or a declared difference."""


class Environment(Sections):
    """One environment of an engagement, with every `${…}` filled in."""

    name: Part
    region: str
    account: str | None = None
    profile: str | None = None
    state: StateSettings
    ledger: StoreSettings | None = None
    values: dict[str, JsonValue]
    """What `${…}` stood for here."""

    @property
    def products(self) -> Mapping[Kind, Settings]:
        """The settings of the product that is chosen for each kind. An engine is chosen by each stage."""
        copies = self.certificates.import_into
        return {
            Kind.DNS: self.dns.provider,
            Kind.CERTIFICATES: self.certificates.provider,
            **({Kind.COPIES: copies} if copies else {}),
            Kind.SECRETS: self.secrets.provider,
            Kind.CONFIG: self.runtime_config.provider,
            Kind.MONITORING: self.monitoring.provider,
            Kind.STORE: self.ledger or self.state,
        }

    def settings(self, kind: Kind) -> Settings:
        """The settings of the product of a kind; `KeyError` when there is none."""
        return self.products[kind]

    def stage(self, name: str) -> Stage:
        """The stage of this name; `KeyError` when there is none."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)

    @property
    def stage_order(self) -> dict[str, tuple[str, ...]]:
        """What each stage stands on: what it says, else the stage before it."""
        previous: tuple[str, ...] = ()
        order: dict[str, tuple[str, ...]] = {}
        for each in self.stages:
            order[each.name] = each.after or previous
            previous = (each.name,)
        return order


class Engagement(Model):
    """A validated engagement. `folder` and `repository` are where its files lie; they are in no digest."""

    name: Name
    client: str
    promotion: Literal["incremental", "big-bang"]
    launch: Launch
    roles: Roles
    safety: Safety
    differences: dict[Name, Difference]
    environments: tuple[Environment, ...]
    single_environment: SingleEnvironment | None = None
    template: dict[str, Any]
    """The six sections as written, before `${…}` was filled in: what all environments share."""
    folder: Path
    repository: Path

    def environment(self, name: str) -> Environment:
        """The environment of this name; `KeyError` when there is none."""
        for environment in self.environments:
            if environment.name == name:
                return environment
        raise KeyError(name)

    @property
    def production(self) -> Environment:
        """The environment that goes live: the last one, whatever its name."""
        return self.environments[-1]

    @property
    def exception(self) -> str:
        """What every report begins with where no gate holds production: who answers for it, and why; else empty."""
        if self.single_environment is None:
            return ""
        owner, reason = self.single_environment.owner, self.single_environment.reason
        said = f"No gate: {self.production.name} is the only environment, for which {owner} answers: {reason}"
        return " ".join(said.split())

    def before(self, name: str) -> Environment | None:
        """The environment that must be proven before this one; None for the first."""
        names = [environment.name for environment in self.environments]
        position = names.index(name)
        return self.environments[position - 1] if position else None
