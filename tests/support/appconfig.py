"""Applications of AppConfig, as a stage makes them, and their documents, as somebody else deploys them."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.config import ConfigStore
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Attributes, diff
from tests.support.back_ends import aws_access, opened

PREFIX = "/shop/staging/config"
AT_ONCE = "at-once"
"""The name of a strategy that takes no time."""
_LISTED = 40
"""MiniStack lists 50 of a kind, and has no second page."""


def made_profile(address: str, **profile: str) -> dict[str, str]:
    """An application with an environment and a profile; the settings that lead there, by their names."""
    own = aws.of(aws_access(address))
    client: Any = own.client("appconfig")
    made_strategy(client, AT_ONCE)
    if len(there := client.list_applications()["Items"]) > _LISTED:
        for each in there:
            client.delete_application(ApplicationId=each["Id"])
    application = f"shop-{uuid4().hex[:8]}"
    made = client.create_application(Name=application)["Id"]
    client.create_environment(ApplicationId=made, Name="staging")
    hosted = {"LocationUri": "hosted", **profile}
    client.create_configuration_profile(ApplicationId=made, Name="runtime", **hosted)
    return {"application": application, "environment": "staging", "profile": "runtime", "strategy": AT_ONCE}


def made_strategy(client: Any, name: str, *, minutes: int = 0) -> None:
    """A deployment strategy that takes so long, unless there is one of this name."""
    if name in {each["Name"] for each in client.list_deployment_strategies()["Items"]}:
        return
    client.create_deployment_strategy(
        Name=name, DeploymentDurationInMinutes=minutes, FinalBakeTimeInMinutes=0, GrowthFactor=100.0, ReplicateTo="NONE"
    )


def values(**desired: str) -> dict[str, Attributes]:
    return {f"{PREFIX}/{name}": {"value": value, "otherwise": []} for name, value in desired.items()}


@dataclass(frozen=True)
class Hosted:
    """The document, and whoever else deploys it."""

    access: Access
    settings: dict[str, str]
    own: aws.Aws
    """Held, so that its connections are."""

    def store(self, **more: str) -> ConfigStore:
        store: ConfigStore = opened(Kind.CONFIG, "appconfig", self.access, **{**self.settings, **more})
        return store

    def ours(self) -> dict[str, Attributes]:
        return {key: found for key, found in self.store().read(PREFIX).items() if not found.get("unmanaged")}

    def apply(self, **desired: str) -> None:
        self.store().write(PREFIX, diff(values(**desired), self.ours()).changes)

    @property
    def client(self) -> Any:
        """Somebody else's."""
        return self.own.client("appconfig")

    @property
    def ids(self) -> dict[str, str]:
        application = self._id(self.client.list_applications(), "application")
        environment = self._id(self.client.list_environments(ApplicationId=application), "environment")
        return {"ApplicationId": application, "EnvironmentId": environment}

    @property
    def hosting(self) -> dict[str, str]:
        inside = {"ApplicationId": self.ids["ApplicationId"]}
        return {
            **inside,
            "ConfigurationProfileId": self._id(self.client.list_configuration_profiles(**inside), "profile"),
        }

    @property
    def versions(self) -> int:
        return len(self.client.list_hosted_configuration_versions(**self.hosting)["Items"])

    def deploy(self, content: object, strategy: str = AT_ONCE) -> int:
        """Somebody else deploys this."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        content_type = "application/json"
        made = self.client.create_hosted_configuration_version(**self.hosting, Content=body, ContentType=content_type)
        made["Content"].read()
        started = self.client.start_deployment(
            **self.ids,
            ConfigurationProfileId=self.hosting["ConfigurationProfileId"],
            ConfigurationVersion=str(made["VersionNumber"]),
            DeploymentStrategyId=self.strategy(strategy),
        )
        return int(started["DeploymentNumber"])

    def strategy(self, name: str) -> str:
        listed = self.client.list_deployment_strategies()["Items"]
        return next(str(each["Id"]) for each in listed if each["Name"] == name)

    def served(self) -> Any:
        """What a client of the environment gets, by the names that it is given."""
        data: Any = self.own.client("appconfigdata")
        token = data.start_configuration_session(
            ApplicationIdentifier=self.settings["application"],
            EnvironmentIdentifier=self.settings["environment"],
            ConfigurationProfileIdentifier=self.settings["profile"],
        )["InitialConfigurationToken"]
        return json.loads(data.get_latest_configuration(ConfigurationToken=token)["Configuration"].read())

    def _id(self, listed: Any, part: str) -> str:
        return next(str(each["Id"]) for each in listed["Items"] if each["Name"] == self.settings[part])


def hosted_at(address: str, **profile: str) -> Hosted:
    access = aws_access(address)
    return Hosted(access, made_profile(address, **profile), aws.of(access))
