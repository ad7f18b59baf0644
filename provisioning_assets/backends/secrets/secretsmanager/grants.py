"""Grants in IAM: a role with its own policy for each that logs in, a managed policy for each that people attach.

All of them lie below a path of their own: a role of that name which somebody else made is not ours.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from provisioning_assets.backends.secrets.secretsmanager import policies
from provisioning_assets.backends.secrets.secretsmanager.calls import Answered, Calls, unless
from provisioning_assets.backends.secrets.secretsmanager.policies import Where
from provisioning_assets.core.plan import Attributes, Json
from provisioning_assets.errors import ApplyFailed

SESSION = 3600
"""Seconds for which a log-in is good: the shortest that IAM knows."""

_POLICY = "reads"
"""Name of the one policy in a role."""
_LONGEST = 64
"""Characters that the name of a role may have."""
_KEPT = 5
"""Versions of a managed policy that IAM keeps."""
_EXISTS, _GONE = "EntityAlreadyExists", "NoSuchEntity"


def name_of(scope: str, who: str) -> str:
    """Name of a grant's role or policy."""
    return f"{scope}-{who}"


class Grants:
    """Roles and policies of one account."""

    def __init__(self, calls: Calls, where: Where, assumed_by: Sequence[str]) -> None:
        self._calls = calls
        self._where = where
        root = f"arn:{where.partition}:iam::{where.account}:root"
        trusted = {"AWS": sorted(assumed_by or [root])}
        self._trust = [{"Effect": "Allow", "Principal": trusted, "Action": ["sts:AssumeRole"]}]

    def read(self, scope: str) -> dict[str, Attributes]:
        """Every grant below the scope's path."""
        path, first = _path(scope), name_of(scope, "")
        roles = {each["RoleName"] for each in self._pages("list_roles", "Roles", path, PathPrefix=path)}
        listed = self._pages("list_policies", "Policies", path, PathPrefix=path, Scope="Local")
        managed = {each["PolicyName"]: each for each in listed}
        return {
            f"grant {name.removeprefix(first)}": self._grant(scope, name, managed.get(name), logs_in=name in roles)
            for name in sorted(roles | managed.keys())
            if name.startswith(first)
        }

    def write(self, scope: str, who: str, grant: Attributes) -> None:
        """Write the role, or the policy, and take the other away."""
        name, path = name_of(scope, who), _path(scope)
        written = policies.statements(self._where, scope, grant)
        if grant["logs_in"] and len(name) > _LONGEST:
            raise ApplyFailed(
                f"the name {name} is too long for a role",
                cause=f"{len(name)} characters; IAM allows {_LONGEST}",
                remedy="give the engagement or the environment a shorter name",
            )
        if grant["logs_in"]:
            self._write_role(path, name, written)
            self._delete_policy(path, name)
        else:
            self._write_policy(path, name, written)
            self._delete_role(name)

    def delete(self, scope: str, who: str) -> None:
        """Delete the role, and the policy wherever it is attached."""
        self._delete_role(name_of(scope, who))
        self._delete_policy(_path(scope), name_of(scope, who))

    def role(self, scope: str, who: str) -> str:
        """ARN of the role that a grant logs in with; `Answered` when it has none."""
        return str(self._ask("get_role", name_of(scope, who))["Role"]["Arn"])

    def _grant(self, scope: str, name: str, managed: Json, *, logs_in: bool) -> Attributes:
        written: Mapping[str, Json] = {}
        more: list[str] = []
        if logs_in:
            written, more = self._in_role(name)
            more += [f"there is a policy {managed['Arn']} beside the role"] if managed else []
        else:
            asked = {"PolicyArn": managed["Arn"], "VersionId": managed["DefaultVersionId"]}
            written = self._calls.ask("iam", "get_policy_version", name, **asked)["PolicyVersion"]["Document"]
        reads, lists, otherwise = policies.grant_of(self._where, scope, written)
        return {"reads": reads, "lists": lists, "logs_in": logs_in, "otherwise": [*otherwise, *more]}

    def _in_role(self, name: str) -> tuple[Mapping[str, Json], list[str]]:
        """The role's policy, and what else opens or closes the role."""
        role, written, otherwise = self._ask("get_role", name)["Role"], {}, []
        for own in self._pages("list_role_policies", "PolicyNames", name, RoleName=name):
            if own == _POLICY:
                written = self._ask("get_role_policy", name, PolicyName=own)["PolicyDocument"]
            else:
                otherwise.append(f"the role has one more policy: {own}")
        otherwise += [f"the policy {arn} is attached" for arn in self._attached(name)]
        if policies.normal(role["AssumeRolePolicyDocument"].get("Statement", [])) != self._trust:
            otherwise.append(f"others may assume the role: {role['AssumeRolePolicyDocument'].get('Statement')}")
        if bound := role.get("PermissionsBoundary"):
            otherwise.append(f"the role is bounded by {bound['PermissionsBoundaryArn']}")
        if (lasts := role.get("MaxSessionDuration", SESSION)) != SESSION:
            otherwise.append(f"a log-in is good for {lasts} seconds, not {SESSION}")
        return written, otherwise

    def _write_role(self, path: str, name: str, written: Sequence[Json]) -> None:
        trust = policies.document(self._trust)
        try:
            self._ask("create_role", name, Path=path, AssumeRolePolicyDocument=trust, MaxSessionDuration=SESSION)
        except Answered as error:
            if error.code != _EXISTS:
                raise
            live = self._ask("get_role", name)["Role"]
            self._require_ours(live["Path"], path, f"role {name}")
            self._ask("update_assume_role_policy", name, PolicyDocument=trust)
            self._ask("update_role", name, MaxSessionDuration=SESSION)
            if live.get("PermissionsBoundary"):
                self._ask("delete_role_permissions_boundary", name)
        # What opens more goes first.
        self._empty_role(name, {_POLICY} if written else set())
        if written:
            self._ask("put_role_policy", name, PolicyName=_POLICY, PolicyDocument=policies.document(written))

    def _write_policy(self, path: str, name: str, written: Sequence[Json]) -> None:
        if not written:
            raise ApplyFailed(f"the policy {name} would allow nothing", remedy="grant something, or drop the grant")
        document, arn = policies.document(written), self._policy(path, name)
        try:
            self._calls.ask("iam", "create_policy", name, Path=path, PolicyName=name, PolicyDocument=document)
        except Answered as error:
            if error.code != _EXISTS:
                raise
            found = {each["Arn"] for each in self._pages("list_policies", "Policies", name, Scope="Local")}
            self._require_ours(next((each for each in found if each.endswith(f"/{name}")), arn), arn, f"policy {name}")
            self._forget_versions(arn, keep=_KEPT - 1)
            new = {"PolicyDocument": document, "SetAsDefault": True}
            self._calls.ask("iam", "create_policy_version", name, PolicyArn=arn, **new)
            self._forget_versions(arn, keep=1)

    def _delete_role(self, name: str) -> None:
        with unless(_GONE):
            self._empty_role(name, set())
            self._ask("delete_role", name)

    def _delete_policy(self, path: str, name: str) -> None:
        arn = self._policy(path, name)
        with unless(_GONE):
            held = self._calls.ask("iam", "list_entities_for_policy", name, PolicyArn=arn)
            for kind in ("Role", "User", "Group"):
                for each in held[f"Policy{kind}s"]:
                    holder = {f"{kind}Name": each[f"{kind}Name"]}
                    self._calls.ask("iam", f"detach_{kind.lower()}_policy", name, PolicyArn=arn, **holder)
            self._forget_versions(arn, keep=1)
            self._calls.ask("iam", "delete_policy", name, PolicyArn=arn)

    def _empty_role(self, name: str, keep: set[str]) -> None:
        for own in {*self._pages("list_role_policies", "PolicyNames", name, RoleName=name)} - keep:
            self._ask("delete_role_policy", name, PolicyName=own)
        for arn in self._attached(name):
            self._ask("detach_role_policy", name, PolicyArn=arn)

    def _forget_versions(self, arn: str, *, keep: int) -> None:
        """Delete the oldest versions: whoever may set the default could make one of them count again."""
        live = list(self._pages("list_policy_versions", "Versions", arn, PolicyArn=arn))
        old = sorted((each for each in live if not each["IsDefaultVersion"]), key=lambda each: each["CreateDate"])
        for each in old[: max(0, len(live) - keep)]:
            self._calls.ask("iam", "delete_policy_version", arn, PolicyArn=arn, VersionId=each["VersionId"])

    def _attached(self, name: str) -> list[str]:
        found = self._pages("list_attached_role_policies", "AttachedPolicies", name, RoleName=name)
        return sorted(each["PolicyArn"] for each in found)

    def _require_ours(self, found: str, ours: str, what: str) -> None:
        if found != ours:
            raise ApplyFailed(
                f"the {what} is somebody else's",
                cause=f"it is {found}; ours is {ours}",
                remedy="rename or delete it, or give the engagement another name",
            )

    def _policy(self, path: str, name: str) -> str:
        return f"arn:{self._where.partition}:iam::{self._where.account}:policy{path}{name}"

    def _ask(self, operation: str, name: str, **parameters: Any) -> Any:
        return self._calls.ask("iam", operation, f"the role {name}", RoleName=name, **parameters)

    def _pages(self, operation: str, key: str, about: str, **parameters: Any) -> Any:
        return self._calls.pages("iam", operation, key, about, **parameters)


def _path(scope: str) -> str:
    return f"/{scope}/grants/"
