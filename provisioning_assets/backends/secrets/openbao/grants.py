"""Grants in OpenBao: an ACL policy for each, and an AppRole role of the same name for one that logs in."""

from collections.abc import Mapping
from typing import Any

from hvac.exceptions import InvalidPath

from provisioning_assets.backends.secrets.openbao import policies
from provisioning_assets.core.plan import Attributes, Json

_APPROLE = "approle/"
_ROLE: Mapping[str, Json] = {
    "bind_secret_id": True,
    "secret_id_bound_cidrs": [],
    "secret_id_num_uses": 1,
    "secret_id_ttl": 600,
    "token_bound_cidrs": [],
    "token_explicit_max_ttl": 0,
    "token_max_ttl": 1800,
    "token_no_default_policy": True,
    "token_num_uses": 0,
    "token_period": 0,
    "token_ttl": 600,
    "token_type": "default",
}
"""Desired value of every setting that opens or closes a role; a change to any other setting is not detected."""

_OF_OPENBAO: Mapping[str, Json] = {"token_strictly_bind_ip": False}
"""The same, for settings that only some servers have."""


def role(scope: str, who: str) -> str:
    """Name of a grant's policy and role."""
    return f"{scope}-{who}"


def read(client: Any, scope: str) -> dict[str, Attributes]:
    """Every grant with a policy or a role whose name begins with the scope."""
    found, roles = _policies(client, role(scope, "")), _roles(client, role(scope, ""))
    return {
        f"grant {name.removeprefix(role(scope, ''))}": _grant(scope, name, found.get(name), roles.get(name))
        for name in found | roles
    }


def write(client: Any, scope: str, who: str, grant: Attributes) -> None:
    """Write the policy first, and then the role that uses it."""
    name = role(scope, who)
    client.sys.create_or_update_acl_policy(name, policy=policies.rules(scope, grant))
    if not grant["logs_in"]:
        _delete_role(client, name)
        return
    if not _has_approle(client):
        client.sys.enable_auth_method("approle")
    live = _roles(client, name).get(name, {})
    more = {key: value for key, value in _OF_OPENBAO.items() if key in live}
    client.write_data(f"auth/approle/role/{name}", data={**_ROLE, **more, "token_policies": [name]})


def delete(client: Any, scope: str, who: str) -> None:
    """Delete the role first, so that nobody logs in to less than was granted."""
    _delete_role(client, role(scope, who))
    client.sys.delete_acl_policy(role(scope, who))


def _grant(scope: str, name: str, policy: Mapping[str, Any] | None, live: Mapping[str, Any] | None) -> Attributes:
    reads, lists, otherwise = policies.grant_of(scope, policy["policy"] if policy else "")
    if policy is None:
        otherwise = ["it has no policy"]
    elif ends := policy.get("expiration"):
        otherwise.append(f"its policy ends at {ends}")
    if live is not None:
        otherwise += _otherwise(name, live)
    return {"reads": reads, "lists": lists, "logs_in": live is not None, "otherwise": otherwise}


def _otherwise(name: str, live: Mapping[str, Any]) -> list[str]:
    """What differs in a role; an empty list may come back as null."""
    wanted = {**_ROLE, **{key: value for key, value in _OF_OPENBAO.items() if key in live}, "token_policies": [name]}
    found = {key: live[key] or [] if isinstance(value, list) else live[key] for key, value in wanted.items()}
    return [f"{key} is {found[key]}, not {value}" for key, value in sorted(wanted.items()) if found[key] != value]


def _policies(client: Any, prefix: str) -> dict[str, Mapping[str, Any]]:
    names = client.sys.list_acl_policies()["data"]["keys"]
    return {name: client.sys.read_acl_policy(name)["data"] for name in names if name.startswith(prefix)}


def _roles(client: Any, prefix: str) -> dict[str, Mapping[str, Any]]:
    if not _has_approle(client):
        return {}
    try:
        names = client.auth.approle.list_roles()["data"]["keys"]
    except InvalidPath:
        return {}  # the API's answer for an empty list
    return {name: client.auth.approle.read_role(name)["data"] for name in names if name.startswith(prefix)}


def _delete_role(client: Any, name: str) -> None:
    if _has_approle(client):
        client.auth.approle.delete_role(name)


def _has_approle(client: Any) -> bool:
    return _APPROLE in client.sys.list_auth_methods()["data"]
