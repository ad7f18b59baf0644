"""flagd: one flag document in a bucket of S3, which clients of OpenFeature read.

https://flagd.dev/reference/sync-configuration/
"""

import copy
from collections.abc import Mapping, Sequence

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.config.documents import Document, NoDocument, carry_out, until_written, written
from provisioning_assets.backends.config.flagd import document
from provisioning_assets.backends.config.settings import Flagd as Settings
from provisioning_assets.backends.s3_objects import Objects
from provisioning_assets.core.plan import Attributes, Change, Json
from provisioning_assets.errors import ProviderFailed


class Flagd(aws.OnAws):
    """The flags of one document. Their names are keys without the prefix."""

    def __init__(self, settings: Settings, access: Access) -> None:
        super().__init__(settings, access)
        self._object = settings.object
        self._objects = Objects(
            self._aws,
            settings.bucket,
            called="the bucket of the flags",
            remedy="let a stage create it, or correct `bucket` in the engagement file",
        )
        self._name = f"s3://{settings.bucket}/{settings.object}"

    def identity(self) -> Mapping[str, Json]:
        """The account and the document."""
        return {**super().identity(), "document": self._name}

    def read(self, prefix: str) -> Mapping[str, Attributes]:
        """Every flag of the document; those of others are unmanaged."""
        found, _ = self._read()
        return document.Flags(found).read(prefix)

    def write(self, prefix: str, changes: Sequence[Change]) -> None:
        """Carry out all changes in one write, on the condition that nobody else has written since we read."""

        def attempt() -> bool:
            found, version = self._read()
            wanted = copy.deepcopy(found)
            carry_out(document.Flags(wanted), prefix, changes)
            content = written(wanted)
            return content == written(found) or self._put(content, version)

        until_written(attempt, self._name)

    def _read(self) -> tuple[Document, str | None]:
        """The document and its version; an empty one where there is none."""
        got = self._objects.read(self._object)
        if got is None:
            return document.empty(), None
        try:
            return document.parsed(got[0]), got[1]
        except NoDocument as error:
            cause = str(error)
        raise ProviderFailed(
            "the object is no flag document of flagd",
            where=self._name,
            cause=cause,
            remedy="correct it, or restore an earlier version of it: it is never overwritten",
        )

    def _put(self, content: bytes, version: str | None) -> bool:
        return self._objects.put(self._object, content, version=version, ContentType="application/json")
