"""An engagement: one client's launch, as `engagements/<name>/engagement.yaml` states it."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, JsonValue

from provisioning_assets.spec.sections import (
    Certificates,
    Dns,
    Model,
    Monitoring,
    Name,
    RuntimeConfig,
    Secrets,
    Stage,
)


class Window(Model):
    """The launch window."""

    opens: AwareDatetime
    closes: AwareDatetime


class Launch(Model):
    """When the client goes live, and from when on only fixes are let through."""

    window: Window
    freeze: AwareDatetime
    """From here on production takes fixes only."""


class Person(Model):
    """A named person, reachable at an address."""

    name: str
    email: str


class Operators(Model):
    """Who operates what is provisioned: the agency until hand-off, the client after it."""

    agency: tuple[Person, ...] = Field(min_length=1)
    client: tuple[Person, ...] = Field(min_length=1)


class Roles(Model):
    """Who decides, who operates, who is called."""

    launch_commander: Person
    operators: Operators
    on_call: tuple[Person, ...] = Field(min_length=1)


class Difference(Model):
    """A value in which environments may differ, with the person who answers for it and why.

    Used as `${name}` anywhere in the sections. Everything else is the same in every environment.
    """

    owner: str
    reason: str
    values: dict[Name, JsonValue]
    """Environment name to value; each environment has one."""


class StateSettings(Model):
    """Where an environment's Terraform state, and beside it our ledger, are kept."""

    provider: Literal["s3", "file"] = "s3"
    bucket: str
    """Name of the bucket; for `file`, a folder relative to the repository."""


class EnvironmentSettings(Model):
    """An environment as the file lists it: in order of promotion."""

    name: Name
    region: str
    state: StateSettings


class Sections(Model):
    """What an environment is to be: the part of the file that is the same for all of them."""

    stages: tuple[Stage, ...] = Field(min_length=1)
    dns: Dns
    certificates: Certificates
    secrets: Secrets
    runtime_config: RuntimeConfig
    monitoring: Monitoring


class Header(Model):
    """The part of the file that is about the launch, its people and its environments; nothing is filled in there."""

    schema_version: Literal[1] = Field(alias="schema")
    engagement: Name
    client: str
    promotion: Literal["incremental", "big-bang"] = "incremental"
    launch: Launch
    roles: Roles
    environments: Annotated[tuple[EnvironmentSettings, ...], Field(min_length=1)]
    differences: dict[Name, Difference] = {}


class EngagementFile(Sections, Header):
    """The file as people write it; `${name}` stands for a built-in name or a declared difference."""


class Environment(Sections):
    """One environment of an engagement, with every `${…}` filled in."""

    name: Name
    region: str
    state: StateSettings
    values: dict[str, JsonValue]
    """What `${…}` stood for here."""


class Engagement(Model):
    """A validated engagement. `folder` and `repository` are where its files lie; they are in no digest."""

    name: Name
    client: str
    promotion: Literal["incremental", "big-bang"]
    launch: Launch
    roles: Roles
    differences: dict[Name, Difference]
    environments: tuple[Environment, ...]
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

    def before(self, name: str) -> Environment | None:
        """The environment that must be proven before this one; None for the first."""
        names = [environment.name for environment in self.environments]
        position = names.index(name)
        return self.environments[position - 1] if position else None
