"""OpenBao, and HashiCorp Vault, whose API it shares: KV version 2, ACL policies, AppRole.

https://openbao.org/api-docs/secret/kv/kv-v2/
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import hvac
import requests
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest, VaultDown, VaultError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from provisioning_assets.errors import ApplyFailed, ProviderFailed, Unreachable
from provisioning_assets.plan import Action, Attributes, Change
from provisioning_assets.providers.secrets import Stored

TIMEOUT = 3
"""Seconds that one request may take."""

_APPROLE = "approle"


class OpenBao:
    """One server. The token comes from VAULT_TOKEN, from the file that VAULT_TOKEN_FILE names, or ~/.vault-token."""

    def __init__(self, address: str | None = None) -> None:
        self._address = address or os.environ.get("VAULT_ADDR", "")

    def cluster(self) -> str:
        """The cluster's id, which a new server does not share."""
        with self._translated("asking for its health"):
            health = self._anonymous().sys.read_health_status(method="GET", standby_ok=True)
            body = health if isinstance(health, dict) else health.json()
        if body.get("sealed"):
            raise ProviderFailed("OpenBao is sealed", where=self._address, remedy="unseal it, then run again")
        return str(body["cluster_id"])

    def read_structure(self, prefix: str) -> Mapping[str, Attributes]:
        """KV mounts, policies and AppRole roles that begin with the prefix."""
        with self._translated("reading mounts, policies and roles"):
            return {**self._mounts(prefix), **self._policies(prefix), **self._roles(prefix)}

    def write_structure(self, changes: Sequence[Change]) -> None:
        """Mounts first, roles last; a mount is never deleted here, it holds data."""
        order = {"mount": 0, "policy": 1, "role": 2}
        for change in sorted(changes, key=lambda change: order[change.address.split(" ")[0]]):
            kind, name = change.address.split(" ", 1)
            with self._translated(f"writing the {kind} {name}"):
                getattr(self, f"_write_{kind}")(name, change)

    def stored(self, mount: str) -> Mapping[str, Stored]:
        """Metadata of every secret of the mount."""
        with self._translated(f"listing {mount}"):
            try:
                names = self._client.secrets.kv.v2.list_secrets(path="", mount_point=mount)["data"]["keys"]
            except InvalidPath:
                return {}
            return {name: found for name in names if (found := self._metadata(mount, name)) is not None}

    def create(self, mount: str, name: str, value: Mapping[str, str], metadata: Mapping[str, str]) -> bool:
        """Check-and-set 0: only where there is nothing."""
        if not self._put(mount, name, value, cas=0):
            return False
        with self._translated(f"describing {mount}/{name}"):
            self._client.secrets.kv.v2.update_metadata(path=name, custom_metadata=dict(metadata), mount_point=mount)
        return True

    def update(self, mount: str, name: str, value: Mapping[str, str], *, version: int) -> bool:
        """Check-and-set on the version that the caller saw."""
        return self._put(mount, name, value, cas=version)

    def read(self, mount: str, name: str) -> Mapping[str, str]:
        """The newest version's value."""
        with self._translated(f"reading {mount}/{name}"):
            answer = self._client.secrets.kv.v2.read_secret_version(
                path=name, mount_point=mount, raise_on_deleted_version=True
            )
            return dict(answer["data"]["data"])

    def can_read(self, role: str, paths: Sequence[tuple[str, str]]) -> Mapping[str, bool]:
        """`<mount>/<name>` to whether the role read it: 200 is yes, 403 is no, anything else is an error."""
        with self._translated(f"logging in as {role}"):
            approle = self._client.auth.approle
            role_id = approle.read_role_id(role)["data"]["role_id"]
            secret_id = approle.generate_secret_id(role, metadata={"purpose": "readiness"})["data"]["secret_id"]
            other = self._anonymous()
            other.auth.approle.login(role_id, secret_id)
        try:
            return {f"{mount}/{name}": self._allowed(other, mount, name) for mount, name in paths}
        finally:
            with self._translated("giving the role's token back"):
                other.auth.token.revoke_self()

    def _allowed(self, client: Any, mount: str, name: str) -> bool:
        with self._translated(f"trying {mount}/{name} with the role"):
            try:
                client.secrets.kv.v2.read_secret_version(path=name, mount_point=mount, raise_on_deleted_version=True)
            except Forbidden:
                return False
            return True

    def _mounts(self, prefix: str) -> dict[str, Attributes]:
        return {
            f"mount {name.rstrip('/')}": {
                "type": mount["type"],
                "version": (mount["options"] or {}).get("version"),
                "description": mount["description"],
            }
            for name, mount in self._client.sys.list_mounted_secrets_engines()["data"].items()
            if name.startswith(prefix)
        }

    def _policies(self, prefix: str) -> dict[str, Attributes]:
        names = self._client.sys.list_acl_policies()["data"]["keys"]
        policies = {name: self._client.sys.read_acl_policy(name) for name in names if name.startswith(prefix)}
        return {f"policy {name}": {"rules": policy["data"]["policy"].strip()} for name, policy in policies.items()}

    def _roles(self, prefix: str) -> dict[str, Attributes]:
        approle = self._client.auth.approle
        try:
            names = approle.list_roles()["data"]["keys"]
        except (InvalidPath, InvalidRequest):
            return {}  # the auth method is off, or has no role: both mean that there are none
        found = {name: approle.read_role(name)["data"] for name in names if name.startswith(prefix)}
        kept = ("policies", "token_ttl", "token_max_ttl")
        return {
            f"role {name}": {
                key: role.get(f"token_{key}", role.get(key)) if key == "policies" else role[key] for key in kept
            }
            for name, role in found.items()
        }

    def _write_mount(self, name: str, change: Change) -> None:
        if change.action is Action.DELETE:
            raise ApplyFailed(f"the mount {name} holds secrets", remedy="move them, then disable the mount by hand")
        if change.action is Action.UPDATE:
            self._client.sys.tune_mount_configuration(name, description=str((change.after or {})["description"]))
            return
        description = str((change.after or {})["description"])
        self._client.sys.enable_secrets_engine("kv", path=name, description=description, options={"version": "2"})
        upgraded = Retrying(
            stop=stop_after_delay(10), wait=wait_fixed(0.1), retry=retry_if_exception_type(InvalidRequest), reraise=True
        )
        upgraded(self._client.secrets.kv.v2.read_configuration, mount_point=name)

    def _write_policy(self, name: str, change: Change) -> None:
        if change.after is None:
            self._client.sys.delete_acl_policy(name)
        else:
            self._client.sys.create_or_update_acl_policy(name, policy=change.after["rules"])

    def _write_role(self, name: str, change: Change) -> None:
        approle = self._client.auth.approle
        if f"{_APPROLE}/" not in self._client.sys.list_auth_methods()["data"]:
            self._client.sys.enable_auth_method(_APPROLE)
        if change.after is None:
            approle.delete_role(name)
            return
        after = change.after
        approle.create_or_update_approle(
            name, token_policies=after["policies"], token_ttl=after["token_ttl"], token_max_ttl=after["token_max_ttl"],
            secret_id_ttl="10m",  # noqa: S106 - a duration secret_id_num_uses=1, token_no_default_policy=True,
        )  # fmt: skip

    def _metadata(self, mount: str, name: str) -> Stored | None:
        if name.endswith("/"):
            return None
        data = self._client.secrets.kv.v2.read_secret_metadata(path=name, mount_point=mount)["data"]
        version = data["current_version"]
        latest = data["versions"].get(str(version))
        if latest is None or latest["deletion_time"] or latest["destroyed"]:
            return None
        return Stored(version, datetime.fromisoformat(latest["created_time"]), data["custom_metadata"] or {})

    def _put(self, mount: str, name: str, value: Mapping[str, str], *, cas: int) -> bool:
        with self._translated(f"writing {mount}/{name}"):
            try:
                self._client.secrets.kv.v2.create_or_update_secret(
                    path=name, secret=dict(value), cas=cas, mount_point=mount
                )
            except InvalidRequest as error:
                if "check-and-set" in str(error):
                    return False
                raise
            return True

    @cached_property
    def _client(self) -> Any:
        client = self._anonymous()
        client.token = _token(self._address)
        return client

    def _anonymous(self) -> Any:
        if not self._address:
            raise ProviderFailed(
                "there is no address of the secret store",
                remedy="set VAULT_ADDR, or `secrets.address` in the engagement file",
            )
        client: Any = hvac.Client
        return client(url=self._address, timeout=TIMEOUT, token="")

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """Turn hvac's errors into ours. Its messages are the server's own, which never hold a value of ours."""
        remedy = "start it, or set VAULT_ADDR to where it listens"
        try:
            yield
        except (requests.ConnectionError, requests.Timeout) as error:
            raise Unreachable("OpenBao", self._address, cause=type(error).__name__, remedy=remedy) from None
        except VaultDown:
            raise ProviderFailed("OpenBao is sealed", where=self._address, remedy="unseal it, then run again") from None
        except Forbidden:
            cause = f"the token may not do this: {doing}"
            raise ProviderFailed(
                "OpenBao refused", where=self._address, cause=cause, remedy="use another token"
            ) from None
        except VaultError as error:
            cause = "; ".join(str(each) for each in error.errors or []) or type(error).__name__
            raise ProviderFailed(f"OpenBao failed at {doing}", where=self._address, cause=cause) from None


def _token(address: str) -> str:
    if token := os.environ.get("VAULT_TOKEN"):
        return token
    file = Path(os.environ.get("VAULT_TOKEN_FILE") or Path.home() / ".vault-token")
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ProviderFailed(
            f"there is no token for the secret store at {address}",
            where=str(file),
            cause=error.strerror or "",
            remedy="log in (bao login), or set VAULT_TOKEN or VAULT_TOKEN_FILE",
        ) from None
