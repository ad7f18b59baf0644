"""AWS AppConfig: one hosted document for each environment, which a deployment takes to its clients.

https://docs.aws.amazon.com/appconfig/latest/userguide/what-is-appconfig.html
"""

import copy
from collections.abc import Mapping, Sequence

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.config.appconfig import document
from provisioning_assets.backends.config.appconfig.deployments import Deployments, Place
from provisioning_assets.backends.config.documents import Document, NoDocument, carry_out, until_written, written
from provisioning_assets.backends.config.settings import AppConfig as Settings
from provisioning_assets.core.plan import Attributes, Change, Json
from provisioning_assets.errors import ProviderFailed


class AppConfig(aws.OnAws):
    """The keys of one document. They are read as clients read them."""

    def __init__(self, settings: Settings, access: Access) -> None:
        super().__init__(settings, access)
        self._strategy = settings.strategy
        self._deployments = Deployments(self._aws, settings.application, settings.environment, settings.profile)

    def identity(self) -> Mapping[str, Json]:
        """The account and the document."""
        return {**super().identity(), "document": self._deployments.name}

    def read(self, prefix: str) -> Mapping[str, Attributes]:
        """Every key of the document that clients get; those of others are unmanaged.

        While the document is being deployed, some clients get it and others do not, and it may be rolled back:
        `ProviderFailed`.
        """
        place = self._deployments.place()
        if place is None:
            return {}
        self._deployments.require_settled(place)
        return document.Members(self._live(place)).read(prefix)

    def write(self, prefix: str, changes: Sequence[Change]) -> None:
        """Deploy all changes in one document, unless somebody else has deployed since we read; wait for its end."""

        def attempt() -> bool:
            place = self._deployments.required()
            before = self._deployments.all(place)
            self._deployments.require_rest(before)
            found = self._live(place)
            wanted = copy.deepcopy(found)
            carry_out(document.Members(wanted), prefix, changes)
            if written(wanted) == written(found):
                return True
            latest = int(before[0]["DeploymentNumber"]) if before else 0
            return self._deployments.deploy(place, written(wanted), self._deployments.strategy(self._strategy), latest)

        until_written(attempt, self._deployments.name)

    def _live(self, place: Place) -> Document:
        """The document that clients get; an empty one where none was ever deployed."""
        content = self._deployments.served(place)
        try:
            return document.parsed(content) if content else {}
        except NoDocument as error:
            cause = str(error)
        raise ProviderFailed(
            "the hosted configuration is no document of ours",
            where=self._deployments.name,
            cause=cause,
            remedy="correct it, or deploy an earlier version of it: it is never overwritten",
        )
