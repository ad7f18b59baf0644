"""What opens secrets in OpenBao: KV mounts, ACL policies and AppRole roles, each read and written by its address."""

from collections.abc import Mapping
from typing import Any

from hvac.exceptions import InvalidPath, InvalidRequest
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from provisioning_assets.core.plan import Action, Attributes, Change
from provisioning_assets.errors import ApplyFailed

UPGRADE = 10
"""Seconds that a new mount may take to become version 2, which the server does in the background."""

_APPROLE = "approle/"
_CIDRS = ("secret_id_bound_cidrs", "token_bound_cidrs")
_ROLE = (
    "bind_secret_id",
    "policies",
    "secret_id_bound_cidrs",
    "secret_id_num_uses",
    "secret_id_ttl",
    "token_bound_cidrs",
    "token_explicit_max_ttl",
    "token_max_ttl",
    "token_no_default_policy",
    "token_num_uses",
    "token_period",
    "token_ttl",
    "token_type",
)
"""Every setting that opens or closes a role: one that is not compared is one that can be changed behind our back."""


def read(client: Any, prefix: str) -> dict[str, Attributes]:
    """All of the three kinds whose name begins with the prefix."""
    return {**_mounts(client, prefix), **_policies(client, prefix), **_roles(client, prefix)}


def write(client: Any, change: Change) -> None:
    """Carry one change out."""
    kind, name = change.address.split(" ", 1)
    {"mount": _write_mount, "policy": _write_policy, "role": _write_role}[kind](client, name, change)


def order(change: Change) -> int:
    """Mounts before the policies on them, policies before the roles that have them."""
    return ("mount", "policy", "role").index(change.address.split(" ", 1)[0])


def _mounts(client: Any, prefix: str) -> dict[str, Attributes]:
    return {
        f"mount {name.rstrip('/')}": {
            "type": mount["type"],
            "version": (mount["options"] or {}).get("version"),
            "description": mount["description"],
        }
        for name, mount in client.sys.list_mounted_secrets_engines()["data"].items()
        if name.startswith(prefix)
    }


def _policies(client: Any, prefix: str) -> dict[str, Attributes]:
    names = client.sys.list_acl_policies()["data"]["keys"]
    texts = {name: client.sys.read_acl_policy(name)["data"]["policy"] for name in names if name.startswith(prefix)}
    return {f"policy {name}": {"rules": normalised(text)} for name, text in texts.items()}


def normalised(rules: str) -> str:
    """Rules without indentation and empty lines, which make no difference; inside a line every blank counts."""
    return "\n".join(line for line in (line.strip() for line in rules.splitlines()) if line)


def _roles(client: Any, prefix: str) -> dict[str, Attributes]:
    if not _has_approle(client):
        return {}
    try:
        names = client.auth.approle.list_roles()["data"]["keys"]
    except InvalidPath:
        return {}  # how the API says that the list is empty
    found = {name: client.auth.approle.read_role(name)["data"] for name in names if name.startswith(prefix)}
    return {f"role {name}": {key: _role_value(role, key) for key in _ROLE} for name, role in found.items()}


def _role_value(role: Mapping[str, Any], key: str) -> Any:
    if key == "policies":
        return sorted(role["token_policies"])
    return role[key] or [] if key in _CIDRS else role[key]  # an empty list may come back as null


def _has_approle(client: Any) -> bool:
    return _APPROLE in client.sys.list_auth_methods()["data"]


def _write_mount(client: Any, name: str, change: Change) -> None:
    if change.after is None:
        _unmount(client, name)
        return
    description = change.after["description"]
    if change.action is Action.CREATE:
        client.sys.enable_secrets_engine("kv", path=name, description=description, options={"version": "2"})
        upgraded = Retrying(
            stop=stop_after_delay(UPGRADE),
            wait=wait_fixed(0.1),
            retry=retry_if_exception_type(InvalidRequest),
            reraise=True,
        )
        upgraded(client.secrets.kv.v2.read_configuration, mount_point=name)
        return
    if {"type", "version"} & set(change.attributes):
        raise ApplyFailed(
            f"the mount {name} is another kind of engine",
            where=f"mount {name}",
            cause=f"it is {change.before}",
            remedy="move what is in it, disable it by hand, and apply again: nothing here deletes stored secrets",
        )
    client.sys.tune_mount_configuration(name, description=description)


def _unmount(client: Any, name: str) -> None:
    try:
        held = client.secrets.kv.v2.list_secrets(path="", mount_point=name)["data"]["keys"]
    except InvalidPath:
        client.sys.disable_secrets_engine(name)
        return
    raise ApplyFailed(
        f"the mount {name} holds {len(held)} secrets and is not deleted",
        where=f"mount {name}",
        cause="they would be gone for good, every version of them",
        remedy=f"move them, delete them with their metadata (bao kv metadata delete -mount={name} …), and apply again",
    )


def _write_policy(client: Any, name: str, change: Change) -> None:
    if change.after is None:
        client.sys.delete_acl_policy(name)
    else:
        client.sys.create_or_update_acl_policy(name, policy=change.after["rules"])


def _write_role(client: Any, name: str, change: Change) -> None:
    if not _has_approle(client):
        client.sys.enable_auth_method("approle")
    if change.after is None:
        client.auth.approle.delete_role(name)
        return
    wanted = {f"token_{key}" if key == "policies" else key: value for key, value in change.after.items()}
    client.write_data(f"auth/approle/role/{name}", data=wanted)
