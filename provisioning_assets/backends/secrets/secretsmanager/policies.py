"""A grant as an IAM policy, and an IAM policy as a grant.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from provisioning_assets.backends.secrets import ALL, PURPOSES, Place, Purpose
from provisioning_assets.core.plan import Attributes, Json
from provisioning_assets.errors import ApplyFailed

_NAME = re.compile(r"[\w.-]+(/[\w.-]+)*", re.ASCII)
_SUFFIX = "-??????"
"""Each secret's ARN ends with six characters of AWS's choice; with just so many, no longer name fits."""

_READ = ["secretsmanager:GetSecretValue"]
_LIST = ["secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds"]
_LIST_NAMES = ["secretsmanager:ListSecrets"]


@dataclass(frozen=True, slots=True)
class Where:
    """The account and region of the secrets, and the KMS key of our own, if any."""

    partition: str
    region: str
    account: str
    key: str | None = None

    def secret(self, place: Place, name: str) -> str:
        """The pattern that the ARN of one secret fits, or those of all secrets of the place."""
        suffix = "" if name == ALL else _SUFFIX
        return f"arn:{self.partition}:secretsmanager:{self.region}:{self.account}:secret:{place}/{name}{suffix}"

    @property
    def decrypt(self) -> Mapping[str, Json]:
        """What the readers of secrets need of our own KMS key."""
        via = {"kms:ViaService": [f"secretsmanager.{self.region}.amazonaws.com"]}
        return {**_allow(["kms:Decrypt"], [str(self.key)]), "Condition": {"StringEquals": via}}


def statements(where: Where, scope: str, grant: Attributes) -> list[Json]:
    """Statements that allow exactly what the grant names; raises for a name that would allow more."""
    reads = [where.secret(Place(scope, purpose), name) for purpose, names in grant["reads"].items()
             for name in _plain(names)]  # fmt: skip
    lists = [where.secret(Place(scope, purpose), ALL) for purpose in grant["lists"]]
    return [
        *([_allow(_READ, reads)] if reads else []),
        *([where.decrypt] if reads and where.key else []),
        # IAM cannot restrict the list of names to some of them.
        *([_allow(_LIST, lists), _allow(_LIST_NAMES, ["*"])] if lists else []),
    ]


def document(written: Iterable[Json]) -> str:
    """A policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(written)})


def grant_of(
    where: Where, scope: str, policy: Mapping[str, Json]
) -> tuple[dict[Purpose, str | list[str]], list[Purpose], list[str]]:
    """What a policy allows to read, what it allows to list, and what else it says."""
    known = {where.secret(Place(scope, purpose), ALL): purpose for purpose in PURPOSES}
    reads: dict[Purpose, str | list[str]] = {}
    lists, otherwise, also = [], [], []
    for statement in normal(policy.get("Statement", [])):
        action, resources = statement.get("Action"), statement.get("Resource", [])
        if statement == _allow(_READ, resources):
            otherwise += [f"it reads {each}, too" for each in resources if not _read(where, scope, each, reads)]
        elif statement == _allow(_LIST, resources):
            lists += [known[each] for each in resources if each in known]
            otherwise += [f"it lists {each}, too" for each in resources if each not in known]
        elif statement in (_allow(_LIST_NAMES, ["*"]), where.decrypt):
            also.append(action)
        else:
            otherwise.append(f"its policy has one more statement: {json.dumps(statement, sort_keys=True)}")
    wanted = {"secretsmanager:ListSecrets": bool(lists), "kms:Decrypt": bool(reads and where.key)}
    for right, needed in wanted.items():
        if needed != ([right] in also):
            otherwise.append(f"it may not {right}" if needed else f"it may {right}, too")
    return reads, sorted(set(lists)), otherwise


def normal(written: Json) -> list[Mapping[str, Json]]:
    """Statements in one form: without names of their own, each value a sorted list."""
    return [_normal(each, "Sid") for each in ([written] if isinstance(written, Mapping) else written)]


def _normal(written: Json, *without: str) -> Json:
    if isinstance(written, Mapping):
        return {key: each if key == "Effect" else _normal(each) for key, each in written.items() if key not in without}
    return sorted(map(str, [written] if isinstance(written, str | bool | int) else written))


def _read(where: Where, scope: str, resource: str, reads: dict[Purpose, str | list[str]]) -> bool:
    """Enter what a resource opens into `reads`; False when it is nothing that a grant of ours could open."""
    for purpose in PURPOSES:
        start = where.secret(Place(scope, purpose), ALL).removesuffix(ALL)
        name, there = resource.removeprefix(start), reads.get(purpose, [])
        if not resource.startswith(start) or there == ALL:
            continue
        if name == ALL and not there:
            reads[purpose] = ALL
            return True
        plain = name.removesuffix(_SUFFIX)
        if name.endswith(_SUFFIX) and _NAME.fullmatch(plain):
            reads[purpose] = sorted({*there, plain})
            return True
    return False


def _plain(names: str | Sequence[str]) -> list[str]:
    if names == ALL:
        return [ALL]
    for name in names:
        if not _NAME.fullmatch(name):
            raise ApplyFailed(f"no policy can open “{name}” and nothing else", remedy="give the secret a plain name")
    return list(names)


def _allow(actions: Sequence[str], resources: Sequence[str]) -> dict[str, Json]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": sorted(resources)}
