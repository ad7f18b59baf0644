"""OpenBao, and HashiCorp Vault, which has the same API: KV version 2, ACL policies, AppRole.

https://openbao.org/api-docs/secret/kv/kv-v2/
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from typing import Any, Self, cast

from hvac.exceptions import InvalidPath, InvalidRequest

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.secrets import Place, Purpose, Stored
from provisioning_assets.backends.secrets.openbao import grants, places, trying
from provisioning_assets.backends.secrets.openbao.connection import Connection
from provisioning_assets.backends.secrets.openbao.places import mount
from provisioning_assets.backends.secrets.settings import OpenBao as Settings
from provisioning_assets.backends.secrets.settings import Vault
from provisioning_assets.core.plan import Action, Attributes, Change, Json
from provisioning_assets.errors import ApplyFailed, ProviderFailed


class OpenBao:
    """One server. `Connection` says where its address and the token come from."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, settings: Settings | Vault, access: Access) -> Self:
        """The server of the profile."""
        return cls(Connection(settings, access))

    def reach(self) -> None:
        """Require that it is healthy and unsealed, and that there is a token for it."""
        self._cluster()
        _ = self._client

    def identity(self) -> Mapping[str, Json]:
        """The cluster's ID, which a new server does not share, and the namespace in it."""
        namespace = self._connection.namespace
        return {"cluster": self._cluster(), **({"namespace": namespace} if namespace else {})}

    def read_grants(self, scope: str) -> Mapping[str, Attributes]:
        """Mounts, and policies with their roles, whose names begin with the scope."""
        with self._translated("reading places and grants"):
            return {**places.read(self._client, scope), **grants.read(self._client, scope)}

    def write_grants(self, scope: str, changes: Sequence[Change]) -> None:
        """Carry out the changes, places first."""
        for change in sorted(changes, key=lambda change: change.address.startswith("grant ")):
            try:
                with self._translated(f"writing the {change.address}"):
                    self._write(scope, change)
            except ProviderFailed as error:
                raise ApplyFailed(error.what, where=change.address, cause=error.cause, remedy=error.remedy) from None

    def _write(self, scope: str, change: Change) -> None:
        kind, name = change.address.split(" ", 1)
        if kind == "grant" and change.after is None:
            grants.delete(self._client, scope, name)
        elif kind == "grant" and change.after is not None:
            grants.write(self._client, scope, name, change.after)
        else:
            verb = {Action.CREATE: places.create, Action.DELETE: places.delete}.get(change.action, places.restore)
            verb(self._client, Place(scope, cast("Purpose", name)))

    def _cluster(self) -> str:
        """The cluster's ID, asked for without token and namespace, since the health answer is the same for all."""
        with self._translated("asking for its health"):
            health = self._connection.anonymous().sys.read_health_status(method="GET", standby_ok=True)
            body = health if isinstance(health, dict) else health.json()
        if body.get("sealed"):
            raise self._connection.sealed()
        if not body.get("cluster_id"):
            where = self._connection.address
            raise ProviderFailed(f"{self._connection.product} does not say which cluster it is", where=where)
        return str(body["cluster_id"])

    def stored(self, place: Place) -> Mapping[str, Stored]:
        """Metadata of every secret in the mount and its folders, without the deleted ones."""
        where = mount(place)
        with self._translated(f"listing {where}"):
            return {name: found for name in self._names(where, "") if (found := self._live(where, name)) is not None}

    def create(self, place: Place, name: str, value: Mapping[str, str], metadata: Mapping[str, str]) -> bool:
        """Check-and-set with 0: only where there never was a version.

        The metadata is written first, so that a value never lacks its owner, even after a crash between the two.
        """
        where = mount(place)
        with self._translated(f"describing {where}/{name}"):
            if self._live(where, name) is not None:
                return False
            self._kv.update_metadata(path=name, custom_metadata=dict(metadata), mount_point=where)
        if self._put(where, name, value, cas=0):
            return True
        with self._translated(f"reading about {where}/{name}"):
            if self._live(where, name) is None:
                bao = self._connection.command
                raise ProviderFailed(
                    f"the secret {where}/{name} was deleted, and its older versions are still there",
                    where=f"{where}/{name}",
                    remedy=f"{bao} kv undelete -mount={where} -versions=N {name}, or remove all of it: "
                    f"{bao} kv metadata delete -mount={where} {name}",
                )
        return False

    def update(self, place: Place, name: str, value: Mapping[str, str], *, version: str) -> bool:
        """Check-and-set on the version that the caller saw."""
        return self._put(mount(place), name, value, cas=int(version))

    def describe(self, place: Place, name: str, metadata: Mapping[str, str]) -> None:
        """Replace the custom metadata of a secret that has a value."""
        where = mount(place)
        with self._translated(f"describing {where}/{name}"):
            if self._live(where, name) is None:
                raise ProviderFailed(f"there is no secret {where}/{name} to describe", where=self._connection.address)
            self._kv.update_metadata(path=name, custom_metadata=dict(metadata), mount_point=where)

    def read(self, place: Place, name: str) -> Mapping[str, str]:
        """The newest version's value."""
        with self._translated(f"reading {mount(place)}/{name}"):
            return dict(trying.newest(self._client, place, name)["data"])

    def can_read(
        self, scope: str, who: str, secrets: Sequence[tuple[Purpose, str]]
    ) -> Mapping[tuple[Purpose, str], bool]:
        """As the grant's role."""
        return trying.can_read(self._connection, scope, who, secrets)

    def _names(self, where: str, folder: str) -> Iterator[str]:
        try:
            names = self._kv.list_secrets(path=folder, mount_point=where)["data"]["keys"]
        except InvalidPath:
            return  # the API's answer for an empty list
        for name in names:
            if name.endswith("/"):
                yield from self._names(where, folder + name)
            else:
                yield folder + name

    def _live(self, where: str, name: str) -> Stored | None:
        """What is known about the newest version; None when there is none or it was deleted."""
        with suppress(InvalidPath):
            data = self._kv.read_secret_metadata(path=name, mount_point=where)["data"]
            version = str(data["current_version"])
            latest = data["versions"].get(version)
            if latest is not None and not latest["deletion_time"] and not latest["destroyed"]:
                return Stored(version, datetime.fromisoformat(latest["created_time"]), data["custom_metadata"] or {})
        return None

    def _put(self, where: str, name: str, value: Mapping[str, str], *, cas: int) -> bool:
        with self._translated(f"writing {where}/{name}"):
            try:
                self._kv.create_or_update_secret(path=name, secret=dict(value), cas=cas, mount_point=where)
            except InvalidRequest as error:
                if "check-and-set" in str(error):
                    return False
                raise
            return True

    @property
    def _client(self) -> Any:
        return self._connection.client

    @property
    def _kv(self) -> Any:
        return self._connection.client.secrets.kv.v2

    def _translated(self, doing: str) -> AbstractContextManager[None]:
        return self._connection.translated(doing)
