"""flagd: one flag document in a bucket of S3, which clients of OpenFeature read.

https://flagd.dev/reference/sync-configuration/
"""

import copy
from collections.abc import Mapping, Sequence

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.config.flagd import document
from provisioning_assets.backends.config.flagd.document import Document, NoDocument
from provisioning_assets.backends.config.settings import Flagd as Settings
from provisioning_assets.backends.s3_objects import Objects
from provisioning_assets.core.plan import SENSITIVE, Attributes, Change, Json
from provisioning_assets.errors import ApplyFailed, ProviderFailed

ATTEMPTS = 5
"""How often a write begins anew when somebody else has written the document meanwhile."""


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
        return _read(found, prefix)

    def write(self, prefix: str, changes: Sequence[Change]) -> None:
        """Carry out all changes in one write, on the condition that nobody else has written since we read."""
        try:
            for _ in range(ATTEMPTS):
                found, version = self._read()
                wanted = _changed(found, prefix, changes)
                content = document.written(wanted)
                if content == document.written(found) or self._put(content, version):
                    return
        except ApplyFailed:
            raise
        except ProviderFailed as error:
            raise ApplyFailed(error.what, where=error.where, cause=error.cause, remedy=error.remedy) from None
        raise ApplyFailed(
            "somebody else writes the flags all the time",
            where=self._name,
            cause=f"{ATTEMPTS} writes found another version than they had read",
            remedy="find out who does, then run again",
        )

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


def _read(found: Document, prefix: str) -> dict[str, Attributes]:
    return {f"{prefix}/{name}": document.attributes(prefix, flag) for name, flag in found["flags"].items()}


def _changed(found: Document, prefix: str, changes: Sequence[Change]) -> Document:
    """The document with the changes; raises where somebody else has written what they are about."""
    live, wanted = _read(found, prefix), copy.deepcopy(found)
    for change in changes:
        at, name = live.get(change.address), change.address.removeprefix(f"{prefix}/")
        if change.after is None:
            if at is not None and not at.get("unmanaged"):
                _require_unchanged(change, at)
                del wanted["flags"][name]
            continue
        if at == change.after:
            continue
        if not change.after["value"]:
            raise ApplyFailed("the value is empty", where=change.address, remedy="give it one, or drop the key")
        _require_unchanged(change, at)
        _require_ours(change.address, prefix, wanted["flags"].get(name, {}))
        wanted["flags"][name] = document.flag(prefix, change.after["value"])
    return wanted


def _require_unchanged(change: Change, at: Attributes | None) -> None:
    """Require that a flag is as it was when the change was planned."""
    before = change.before
    if before is None or at is None:
        same = before is None and at is None
    else:
        same = all(value in (SENSITIVE, at.get(name)) for name, value in before.items())
    if not same:
        raise ApplyFailed(
            "somebody else has changed the flag since the plan",
            where=change.address,
            remedy="plan again, and ask who did",
        )


def _require_ours(address: str, prefix: str, flag: Document) -> None:
    """Require that no other environment keeps the flag; one that nobody marked is taken over."""
    other = document.kept_by(flag)
    if other not in {None, prefix}:
        raise ApplyFailed(
            "another environment keeps this flag in the same document",
            where=address,
            cause=f"it comes from {other}",
            remedy="give each environment an object of its own: ${environment} in its name",
        )
