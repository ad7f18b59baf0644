"""OpenBao, and HashiCorp Vault, whose API it shares: KV version 2, ACL policies, AppRole.

https://openbao.org/api-docs/secret/kv/kv-v2/
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Self

from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.secrets import Stored
from provisioning_assets.backends.secrets.openbao import structure as openbao_structure
from provisioning_assets.backends.secrets.openbao.connection import Connection, sealed
from provisioning_assets.backends.secrets.settings import OpenBao as Settings
from provisioning_assets.backends.secrets.settings import Vault
from provisioning_assets.core.plan import Attributes, Change, Json
from provisioning_assets.errors import ApplyFailed, ProviderFailed

LOGIN = "60s"
"""How long the secret id lives that a role is tried with; it is good for one log-in."""


class OpenBao:
    """One server, by its address or VAULT_ADDR; `Connection` says where the token comes from."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, settings: Settings | Vault, access: Access) -> Self:
        """The server of the profile."""
        return cls(Connection(settings.address, access))

    def reach(self) -> None:
        """Its health, and that it is not sealed."""
        self.cluster()

    def identity(self) -> Mapping[str, Json]:
        """The cluster."""
        return {"cluster": self.cluster()}

    def cluster(self) -> str:
        """The cluster's id, which a new server does not share."""
        with self._translated("asking for its health"):
            health = self._client.sys.read_health_status(method="GET", standby_ok=True)
            body = health if isinstance(health, dict) else health.json()
        if body.get("sealed"):
            raise sealed(self._connection.address)
        if not body.get("cluster_id"):
            raise ProviderFailed("OpenBao does not say which cluster it is", where=self._connection.address)
        return str(body["cluster_id"])

    def read_structure(self, prefix: str) -> Mapping[str, Attributes]:
        """KV mounts, policies and AppRole roles that begin with the prefix."""
        with self._translated("reading mounts, policies and roles"):
            return openbao_structure.read(self._client, prefix)

    def write_structure(self, changes: Sequence[Change]) -> None:
        """Mounts first, roles last; a mount that holds secrets is never deleted."""
        for change in sorted(changes, key=openbao_structure.order):
            try:
                with self._translated(f"writing the {change.address}"):
                    openbao_structure.write(self._client, change)
            except ApplyFailed:
                raise
            except ProviderFailed as error:
                raise ApplyFailed(error.what, where=change.address, cause=error.cause, remedy=error.remedy) from None

    def stored(self, mount: str) -> Mapping[str, Stored]:
        """Metadata of every secret of the mount, those in folders too. A deleted one is not there."""
        with self._translated(f"listing {mount}"):
            return {name: found for name in self._names(mount, "") if (found := self._live(mount, name)) is not None}

    def create(self, mount: str, name: str, value: Mapping[str, str], metadata: Mapping[str, str]) -> bool:
        """Check-and-set 0: only where there never was a version.

        Metadata first: whoever sees the value sees its owner too, also after a crash between the two.
        """
        with self._translated(f"describing {mount}/{name}"):
            if self._live(mount, name) is not None:
                return False
            self._kv.update_metadata(path=name, custom_metadata=dict(metadata), mount_point=mount)
        if self._put(mount, name, value, cas=0):
            return True
        with self._translated(f"reading about {mount}/{name}"):
            if self._live(mount, name) is None:
                raise ProviderFailed(
                    f"the secret {mount}/{name} was deleted, and its older versions are still there",
                    where=f"{mount}/{name}",
                    remedy=f"bao kv undelete -mount={mount} -versions=N {name}, or remove all of it: "
                    f"bao kv metadata delete -mount={mount} {name}",
                )
        return False

    def update(self, mount: str, name: str, value: Mapping[str, str], *, version: int) -> bool:
        """Check-and-set on the version that the caller saw."""
        return self._put(mount, name, value, cas=version)

    def describe(self, mount: str, name: str, metadata: Mapping[str, str]) -> None:
        """Replace the custom metadata of a secret that has a value."""
        with self._translated(f"describing {mount}/{name}"):
            if self._live(mount, name) is None:
                raise ProviderFailed(f"there is no secret {mount}/{name} to describe", where=self._connection.address)
            self._kv.update_metadata(path=name, custom_metadata=dict(metadata), mount_point=mount)

    def read(self, mount: str, name: str) -> Mapping[str, str]:
        """The newest version's value."""
        with self._translated(f"reading {mount}/{name}"):
            return dict(_newest(self._client, mount, name)["data"])

    def can_read(self, role: str, paths: Sequence[tuple[str, str]]) -> Mapping[str, bool]:
        """`<mount>/<name>` to whether the role read it: 200 is yes, 403 is no, anything else is an error."""
        with self._logged_in(role) as client:
            return {f"{mount}/{name}": self._allowed(client, role, mount, name) for mount, name in paths}

    @contextmanager
    def _logged_in(self, role: str) -> Iterator[Any]:
        """A client with the role's token, which is revoked at the end."""
        with self._translated(f"logging in as the role {role}"):
            role_id = self._client.auth.approle.read_role_id(role)["data"]["role_id"]
            # Not by hvac's own method, which has no way to say how long the id lives.
            minted = self._client.write_data(f"auth/approle/role/{role}/secret-id", data={"ttl": LOGIN, "num_uses": 1})
            client = self._connection.anonymous()
            answer = client.auth.approle.login(role_id, minted["data"]["secret_id"])
        try:
            yield client
        finally:
            # By our own token: the role need not be allowed to revoke its own.
            with self._translated(f"giving back the token of the role {role}"):
                self._client.auth.token.revoke_accessor(answer["auth"]["accessor"])

    def _allowed(self, client: Any, role: str, mount: str, name: str) -> bool:
        with self._translated(f"trying {mount}/{name} as the role {role}"):
            try:
                _newest(client, mount, name)
            except Forbidden:
                return False
            return True

    def _names(self, mount: str, folder: str) -> Iterator[str]:
        try:
            names = self._kv.list_secrets(path=folder, mount_point=mount)["data"]["keys"]
        except InvalidPath:
            return  # how the API says that the list is empty
        for name in names:
            if name.endswith("/"):
                yield from self._names(mount, folder + name)
            else:
                yield folder + name

    def _live(self, mount: str, name: str) -> Stored | None:
        """What is known of the newest version; None when there is none or it was deleted."""
        with suppress(InvalidPath):
            data = self._kv.read_secret_metadata(path=name, mount_point=mount)["data"]
            version = data["current_version"]
            latest = data["versions"].get(str(version))
            if latest is not None and not latest["deletion_time"] and not latest["destroyed"]:
                return Stored(version, datetime.fromisoformat(latest["created_time"]), data["custom_metadata"] or {})
        return None

    def _put(self, mount: str, name: str, value: Mapping[str, str], *, cas: int) -> bool:
        with self._translated(f"writing {mount}/{name}"):
            try:
                self._kv.create_or_update_secret(path=name, secret=dict(value), cas=cas, mount_point=mount)
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

    def _translated(self, doing: str) -> Any:
        return self._connection.translated(doing)


def _newest(client: Any, mount: str, name: str) -> Any:
    """Data and metadata of the newest version; `InvalidPath` when there is none."""
    answer = client.secrets.kv.v2.read_secret_version(path=name, mount_point=mount, raise_on_deleted_version=True)
    return answer["data"]
