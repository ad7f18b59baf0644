"""AWS Secrets Manager: names with prefixes, versions with stages, IAM roles and policies.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from uuid import uuid4

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.secrets import Place, Purpose, Stored
from provisioning_assets.backends.secrets.secretsmanager import trying
from provisioning_assets.backends.secrets.secretsmanager.calls import Answered, Calls, unless
from provisioning_assets.backends.secrets.secretsmanager.grants import Grants
from provisioning_assets.backends.secrets.secretsmanager.places import Places, for_good
from provisioning_assets.backends.secrets.secretsmanager.policies import Where
from provisioning_assets.backends.secrets.settings import SecretsManager as Settings
from provisioning_assets.core.plan import Attributes, Change, Json
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ApplyFailed, ProviderFailed

LARGEST = 65_536
"""Largest size of a value, in bytes."""
IN_EFFECT = 15
"""Seconds in which IAM shows what was written."""

_CURRENT = "AWSCURRENT"
_OURS = "provisioning"
"""The stage of a version that we wrote and that is not current yet."""
_ABSENT = "ResourceNotFoundException"


class SecretsManager(aws.OnAws):
    """The secrets of a region, and who may read them."""

    def __init__(self, settings: Settings, access: Access) -> None:
        super().__init__(settings, access)
        self._settings = settings
        self._calls = Calls(self._aws)
        self._places = Places(self._calls, settings.kms_key)

    def identity(self) -> Mapping[str, Json]:
        """The account and the region."""
        return {**super().identity(), "region": self._calls.region}

    def read_grants(self, scope: str) -> Mapping[str, Attributes]:
        """Prefixes of names, and the roles and policies below the scope's path."""
        return {**self._places.read(scope), **self._grants.read(scope)}

    def write_grants(self, scope: str, changes: Sequence[Change]) -> None:
        """Carry out the changes, places first; then wait until IAM shows them."""
        for change in sorted(changes, key=lambda change: change.address.startswith("grant ")):
            try:
                self._write(scope, change)
            except ProviderFailed as error:
                raise ApplyFailed(error.what, where=change.address, cause=error.cause, remedy=error.remedy) from None
        written = {change.address: change.after for change in changes if change.address.startswith("grant ")}
        if written:
            live = settle(
                lambda: self._grants.read(scope),
                done=lambda live: all(live.get(address) == after for address, after in written.items()),
                within=IN_EFFECT,
            )
            if missing := [address for address, after in written.items() if live.get(address) != after]:
                raise ApplyFailed(
                    f"IAM does not show what was written, after {IN_EFFECT} s",
                    where=", ".join(missing),
                    remedy="run again; if it stays so, see who else writes them",
                )

    def _write(self, scope: str, change: Change) -> None:
        kind, name = change.address.split(" ", 1)
        if kind == "grant" and change.after is not None:
            self._grants.write(scope, name, change.after)
        elif kind == "grant":
            self._grants.delete(scope, name)
        elif change.after is None:
            self._places.delete(scope, name)
        else:
            self._places.restore(scope, name)

    def stored(self, place: Place) -> Mapping[str, Stored]:
        """Every secret that is listed, each asked for by its name: the list may be minutes old."""
        names = [name.removeprefix(f"{place}/") for name in self._places.names(f"{place}/")]
        return {name: found for name in names if (found := self.find(place, name)) is not None}

    def find(self, place: Place, name: str) -> Stored | None:
        """What is known about the current version; None without one, and when the secret was deleted."""
        about = self._about(_full(place, name))
        version = _current(about)
        if about is None or version is None or about.get("DeletedDate"):
            return None
        return Stored(version, self._written_at(about, version), _described(about))

    def create(self, place: Place, name: str, value: Mapping[str, str], metadata: Mapping[str, str]) -> bool:
        """Create the secret; or give its first value to one that has none."""
        full, text = _full(place, name), _text(place, name, value)
        key = {"KmsKeyId": self._settings.kms_key} if self._settings.kms_key else {}
        description = json.dumps(dict(metadata))
        try:
            # The token makes a second attempt, after a lost answer, the same as the first.
            token = str(uuid4())
            parameters = {"SecretString": text, "Description": description, "ClientRequestToken": token, **key}
            self._calls.ask("secretsmanager", "create_secret", full, Name=full, **parameters)
        except Answered as error:
            about = self._about(full)
            if about is None:
                raise
            if about.get("DeletedDate"):
                raise _deleted(full, about) from None
            if _current(about):
                return False
            if error.code != "ResourceExistsException":
                raise
        else:
            return True
        self._describe(full, description)
        return self._put(full, text, seen=None)

    def update(self, place: Place, name: str, value: Mapping[str, str], *, version: str) -> bool:
        """Write a version beside the current one, then make it current if that is still the one that was seen."""
        full, text = _full(place, name), _text(place, name, value)
        about = self._about(full)
        if about is None or about.get("DeletedDate") or _current(about) != version:
            return False
        return self._put(full, text, seen=version)

    def describe(self, place: Place, name: str, metadata: Mapping[str, str]) -> None:
        """Replace the description, which is the metadata as JSON."""
        if self.find(place, name) is None:
            full = _full(place, name)
            raise ProviderFailed(f"there is no secret {full} to describe", where=full, remedy="store it first: apply")
        self._describe(_full(place, name), json.dumps(dict(metadata)))

    def read(self, place: Place, name: str) -> Mapping[str, str]:
        """The current version's value; a text that is no JSON object has no keys."""
        found = self._ask("get_secret_value", _full(place, name), VersionStage=_CURRENT)
        try:
            value = json.loads(found.get("SecretString", ""))
        except ValueError:
            value = None
        if not isinstance(value, dict):
            return {}
        return {key: each if isinstance(each, str) else json.dumps(each) for key, each in value.items()}

    def can_read(
        self, scope: str, who: str, secrets: Sequence[tuple[Purpose, str]]
    ) -> Mapping[tuple[Purpose, str], bool]:
        """As the grant's role. A secret that is not there would be denied, too, so each must be there."""
        for purpose, name in secrets:
            if self.find(Place(scope, purpose), name) is None:
                full = _full(Place(scope, purpose), name)
                remedy = "store it first: apply"
                raise ProviderFailed(f"there is no secret {full} to try", where=full, remedy=remedy)
        return trying.can_read(self._calls, self._grants.role(scope, who), scope, secrets)

    def _describe(self, full: str, description: str) -> None:
        self._ask("update_secret", full, Description=description)

    def _put(self, full: str, text: str, *, seen: str | None) -> bool:
        """Add a version and move the stage of the current one to it: AWS refuses unless it lies where we saw it."""
        new = str(uuid4())
        self._ask("put_secret_value", full, SecretString=text, ClientRequestToken=new, VersionStages=[_OURS])
        move, won = {"MoveToVersionId": new, **({"RemoveFromVersionId": seen} if seen else {})}, False
        with unless("InvalidParameterException"):
            current = _current(self._about(full))
            if current == seen:
                self._ask("update_secret_version_stage", full, VersionStage=_CURRENT, **move)
            won = current in {seen, new}  # a first version is current at once
        # After a lost answer, a second attempt was refused because the first had succeeded.
        won = won or _current(self._about(full)) == new
        with unless("InvalidParameterException"):  # who writes at the same time has taken the stage from us
            self._ask("update_secret_version_stage", full, VersionStage=_OURS, RemoveFromVersionId=new)
        return won

    def _about(self, full: str) -> Any:
        """What AWS says about a secret; None when there is none."""
        with unless(_ABSENT):
            return self._ask("describe_secret", full)
        return None

    def _written_at(self, about: Any, version: str) -> Any:
        """When a version was made; when anything was last changed, if the list of versions lags behind."""
        full = about["Name"]
        versions = self._calls.pages("secretsmanager", "list_secret_version_ids", "Versions", full, SecretId=full)
        return next(
            (each["CreatedDate"] for each in versions if each["VersionId"] == version), about["LastChangedDate"]
        )

    def _ask(self, operation: str, full: str, **parameters: Any) -> Any:
        return self._calls.ask("secretsmanager", operation, full, SecretId=full, **parameters)

    @cached_property
    def _grants(self) -> Grants:
        where = Where(self._calls.partition, self._calls.region, self._aws.account, self._settings.kms_key)
        return Grants(self._calls, where, self._settings.assumed_by)


def _full(place: Place, name: str) -> str:
    """A secret's name in the region."""
    return f"{place}/{name}"


def _text(place: Place, name: str, value: Mapping[str, str]) -> str:
    """The value as it is stored, if it is not too large; no error shows it."""
    text = json.dumps(dict(value))
    if len(text.encode()) > LARGEST:
        raise ProviderFailed(
            "the value does not fit a secret",
            where=_full(place, name),
            cause=f"{len(text.encode())} bytes; {LARGEST} are allowed",
            remedy="keep it in a bucket, and its key or its address in the secret",
        )
    return text


def _current(about: Any) -> str | None:
    """The version that is current."""
    versions = (about or {}).get("VersionIdsToStages", {})
    return next((version for version, stages in versions.items() if _CURRENT in stages), None)


def _described(about: Any) -> Mapping[str, str]:
    """The metadata; what somebody else wrote as description is none."""
    try:
        found = json.loads(about.get("Description") or "")
    except ValueError:
        return {}
    return {key: str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _deleted(full: str, about: Any) -> ProviderFailed:
    return ProviderFailed(
        f"the secret {full} was deleted, and can be restored until it is gone",
        where=full,
        cause=f"its deletion is due at {about['DeletedDate']}",
        remedy=f"aws secretsmanager restore-secret --secret-id {full}, or delete it for good: {for_good(full)}",
    )
