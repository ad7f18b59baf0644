"""Deployments of AppConfig: a version of a hosted document reaches the clients of an environment.

https://docs.aws.amazon.com/appconfig/latest/userguide/deploying-feature-flags.html
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from provisioning_assets.backends.aws import Aws
from provisioning_assets.core.plan import Json
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ApplyFailed, ProviderFailed

SLACK = 120.0
"""Seconds beyond what its strategy says that a deployment may take."""

_KNOWN = 30.0
"""Seconds in which clients get what was deployed."""

_AT_WORK = {"VALIDATING", "DEPLOYING", "BAKING", "ROLLING_BACK"}
_DONE = "COMPLETE"
_FASTER = "ConflictException"
_HOSTED, _FREEFORM = "hosted", "AWS.Freeform"

Listed = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document is: the IDs that the names in an engagement file have."""

    application: str
    environment: str
    profile: Listed

    @property
    def parameters(self) -> dict[str, str]:
        """The environment, as calls name it."""
        return {"ApplicationId": self.application, "EnvironmentId": self.environment}


class Deployments:
    """What was deployed to one environment from one configuration profile."""

    def __init__(self, own: Aws, application: str, environment: str, profile: str) -> None:
        self._own = own
        self._names = {"application": application, "environment": environment, "profile": profile}
        self.name = f"appconfig://{application}/{environment}/{profile}"

    def place(self) -> Place | None:
        """The place of the document; None as long as a part of it is not there."""
        application = self._listed("list_applications", "application")
        if application is None:
            return None
        inside = {"ApplicationId": application["Id"]}
        environment = self._listed("list_environments", "environment", **inside)
        profile = self._listed("list_configuration_profiles", "profile", **inside)
        if environment is None or profile is None:
            return None
        return Place(application["Id"], environment["Id"], self._hosting(profile))

    def required(self) -> Place:
        """The place, which must be there."""
        found = self.place()
        if found is None:
            raise ProviderFailed(
                "the application, the environment or the configuration profile does not exist",
                where=self.name,
                remedy="let a stage create them, or correct their names in the engagement file",
            )
        return found

    def strategy(self, name: str) -> str:
        """The ID of a deployment strategy, which may be given by its name."""
        found = self._only(self._pages("list_deployment_strategies"), name, "deployment strategy")
        if found is None:
            raise ProviderFailed(
                f"there is no deployment strategy `{name}`",
                where=self.name,
                remedy="let a stage create it, or name one of Amazon's, such as AppConfig.AllAtOnce, as `strategy`",
            )
        return str(found["Id"])

    def all(self, place: Place) -> list[Listed]:
        """Every deployment to the environment, of other profiles, too; the newest first."""
        found = self._pages("list_deployments", **place.parameters)
        return sorted(found, key=lambda each: int(each["DeploymentNumber"]), reverse=True)

    def require_rest(self, deployments: list[Listed]) -> None:
        """Require that none is at work: AppConfig carries out one at a time."""
        for each in deployments:
            if each["State"] in _AT_WORK:
                raise ApplyFailed(
                    "a deployment to the environment is still at work",
                    where=self.name,
                    cause=f"number {each['DeploymentNumber']} is {_progress(each)}",
                    remedy="wait until it is complete, or stop it; then run again",
                )

    def require_settled(self, place: Place) -> None:
        """Require that the document itself is not being deployed: clients would not agree on it."""
        for each in self.all(place):
            if each["State"] in _AT_WORK and each.get("ConfigurationName") == place.profile["Name"]:
                raise ProviderFailed(
                    "the document is being deployed: some clients have it, and others do not",
                    where=self.name,
                    cause=f"number {each['DeploymentNumber']} is {_progress(each)}",
                    remedy="wait until it is complete, or stop it; then look again",
                )

    def served(self, place: Place) -> bytes:
        """What a new client of the environment gets; nothing before the first deployment, when there is none to ask."""
        if not self.all(place):
            return b""
        data: Any = self._own.client("appconfigdata")
        with self._own.translated("AppConfig"):
            token = data.start_configuration_session(
                ApplicationIdentifier=place.application,
                EnvironmentIdentifier=place.environment,
                ConfigurationProfileIdentifier=place.profile["Id"],
            )["InitialConfigurationToken"]
            answer = data.get_latest_configuration(ConfigurationToken=token)
            return bytes(answer["Configuration"].read())

    def deploy(self, place: Place, content: bytes, strategy: str, latest: int) -> bool:
        """Deploy the content and wait for its end. False: somebody deployed since number `latest`."""
        hosted = {"ApplicationId": place.application, "ConfigurationProfileId": place.profile["Id"]}
        with self._own.translated("AppConfig"):
            made = self._client.create_hosted_configuration_version(
                **hosted, Content=content, ContentType="application/json"
            )
            made["Content"].read()  # it comes back, and holds a connection until it is read
            version = int(made["VersionNumber"])
            try:
                started = self._client.start_deployment(
                    **place.parameters,
                    DeploymentStrategyId=strategy,
                    ConfigurationProfileId=place.profile["Id"],
                    ConfigurationVersion=str(version),
                    **({"LatestDeploymentNumber": latest} if latest else {}),
                )
            except ClientError as error:
                with suppress(ClientError):
                    self._client.delete_hosted_configuration_version(**hosted, VersionNumber=version)
                if error.response["Error"]["Code"] == _FASTER:
                    return False
                raise
        self._wait(place, started)
        # Its data plane may take a moment longer; what it then still says, whoever reads back will see.
        settle(lambda: self.served(place), done=lambda found: found == content, within=_KNOWN)
        return True

    def _wait(self, place: Place, started: Listed) -> None:
        number = started["DeploymentNumber"]

        def look() -> Listed:
            with self._own.translated("AppConfig"):
                found: Listed = self._client.get_deployment(**place.parameters, DeploymentNumber=number)
                return found

        minutes = started["DeploymentDurationInMinutes"] + started["FinalBakeTimeInMinutes"]
        ended = settle(
            look,
            done=lambda each: each["State"] not in _AT_WORK,
            within=minutes * 60 + SLACK,
            every=5 if minutes else 1,
        )
        if ended["State"] != _DONE:
            told = next((str(each.get("Description", "")) for each in ended.get("EventLog", [])), "")
            raise ApplyFailed(
                "the deployment did not come to its end",
                where=self.name,
                cause=f"number {number} is {_progress(ended)}" + (f": {told}" if told else ""),
                remedy="look why in its event log; what the clients had before is still live, or comes back",
            )

    def _hosting(self, profile: Listed) -> Listed:
        """The profile, which must hold a document of ours, and no feature flags or what lies elsewhere."""
        located, kind = profile.get("LocationUri", _HOSTED), profile.get("Type") or _FREEFORM
        if (located, kind) != (_HOSTED, _FREEFORM):
            raise ProviderFailed(
                "the configuration profile cannot hold a document of ours",
                where=self.name,
                cause=f"its location is {located}, its type {kind}",
                remedy=f"name a profile with the location `{_HOSTED}` and the type {_FREEFORM}",
            )
        return profile

    def _listed(self, operation: str, part: str, **inside: str) -> Listed | None:
        return self._only(self._pages(operation, **inside), self._names[part], part)

    def _only(self, listed: list[Listed], name: str, what: str) -> Listed | None:
        """The one with this ID or name: AppConfig lets two have the same name."""
        found = [each for each in listed if name == each["Id"]] or [each for each in listed if name == each["Name"]]
        if len(found) > 1:
            raise ProviderFailed(
                f"{len(found)} of the same name: the {what} `{name}`",
                where=self.name,
                cause=", ".join(sorted(str(each["Id"]) for each in found)),
                remedy="write its ID instead of its name into the engagement file",
            )
        return found[0] if found else None

    def _pages(self, operation: str, **parameters: str) -> list[Listed]:
        with self._own.translated("AppConfig"):
            pages = self._client.get_paginator(operation).paginate(**parameters)
            return [each for page in pages for each in page["Items"]]

    @property
    def _client(self) -> Any:
        return self._own.client("appconfig")


def _progress(deployment: Mapping[str, Json]) -> str:
    return f"{deployment['State']}, at {deployment.get('PercentageComplete', 0):g} %"
