"""Who may read secrets in AWS: what somebody changed by hand is told, and taken back."""

import json
from typing import Any

import pytest

from provisioning_assets.backends.secrets import Place
from provisioning_assets.core.plan import Attributes
from provisioning_assets.errors import ProviderFailed
from tests.support.iam import READS, arn, managed, path, policy, written
from tests.support.secret_stores import AGENCY, DESIRED, OWNED, PIPELINE, bring_about, drift, otherwise

pytestmark = pytest.mark.second


@pytest.mark.parametrize("statement", [
    {**READS, "Resource": "*"},
    {**READS, "Resource": "{own}*"},
    {**READS, "Resource": "{own}/runtime/*-??????"},
    {**READS, "Resource": "{own}/runtime/session-key-?????"},
    {**READS, "Resource": "{own}/other/key-??????"},
    {**READS, "Resource": "{own}2/runtime/key-??????"},
    {**READS, "Action": "secretsmanager:*", "Resource": "{own}/runtime/key-??????"},
    {**READS, "Action": ["secretsmanager:GetSecretValue", "iam:PassRole"], "Resource": "{own}/runtime/key-??????"},
    {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
    {**READS, "Resource": "{own}/runtime/key-??????", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    {"Effect": "Deny", "Action": "secretsmanager:GetSecretValue", "Resource": "{own}/runtime/database-password-??????"},
    {"Effect": "Allow", "Action": "secretsmanager:ListSecrets", "Resource": "*"},
    {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"},
])  # fmt: skip
def test_one_more_statement_is_told_and_taken_back(iam: Any, store: Any, scope: str, statement: dict[str, Any]) -> None:
    more = json.loads(json.dumps(statement).replace("{own}", arn(scope)))
    both = policy(*written(iam, scope), more)
    iam.put_role_policy(RoleName=f"{scope}-pipeline", PolicyName="reads", PolicyDocument=both)
    assert drift(store, scope) == [f"update {PIPELINE} (otherwise)"]
    assert otherwise(store, scope, PIPELINE)

    bring_about(store, scope)

    assert drift(store, scope) == []


def test_another_spelling_of_the_same_policy_is_no_difference(iam: Any, store: Any, scope: str) -> None:
    (statement,) = written(iam, scope)
    same = {"Sid": "Ours", **statement, "Action": statement["Action"][0], "Resource": statement["Resource"][0]}
    iam.put_role_policy(RoleName=f"{scope}-pipeline", PolicyName="reads", PolicyDocument=policy(same))

    assert drift(store, scope) == []


def test_a_secret_more_or_less_is_a_difference_in_what_is_read(iam: Any, store: Any, scope: str) -> None:
    (statement,) = written(iam, scope)
    more = {**statement, "Resource": [*statement["Resource"], arn(f"{scope}/runtime/session-key-??????")]}
    iam.put_role_policy(RoleName=f"{scope}-pipeline", PolicyName="reads", PolicyDocument=policy(more))

    assert drift(store, scope) == [f"update {PIPELINE} (reads)"]


def one_more_policy(iam: Any, role: str) -> None:
    iam.put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=policy({**READS, "Resource": "*"}))


def an_attached_policy(iam: Any, role: str) -> None:
    iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")


def another_trust(iam: Any, role: str) -> None:
    anybody = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=policy(anybody))


def a_longer_session(iam: Any, role: str) -> None:
    iam.update_role(RoleName=role, MaxSessionDuration=43_200)


def a_boundary(iam: Any, role: str) -> None:
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")


@pytest.mark.parametrize("change", [one_more_policy, an_attached_policy, another_trust, a_longer_session, a_boundary])
def test_what_opens_or_closes_a_role_by_hand_is_told_and_taken_back(
    iam: Any, store: Any, scope: str, change: Any
) -> None:
    change(iam, f"{scope}-pipeline")
    assert drift(store, scope) == [f"update {PIPELINE} (otherwise)"]

    bring_about(store, scope)

    assert drift(store, scope) == []


def test_what_is_missing_of_a_grant_is_told_and_made_again(iam: Any, store: Any, scope: str) -> None:
    iam.delete_role_policy(RoleName=f"{scope}-pipeline", PolicyName="reads")
    assert drift(store, scope) == [f"update {PIPELINE} (reads)"]
    iam.delete_role(RoleName=f"{scope}-pipeline")
    iam.delete_policy(PolicyArn=managed(scope))
    assert drift(store, scope) == [f"create {AGENCY}", f"create {PIPELINE}"]

    bring_about(store, scope)

    assert drift(store, scope) == []


def test_a_policy_keeps_its_people_and_no_older_version(iam: Any, store: Any, scope: str) -> None:
    iam.create_user(UserName=f"{scope}-person")
    iam.attach_user_policy(UserName=f"{scope}-person", PolicyArn=managed(scope))
    for _ in range(4):  # as many as IAM keeps
        wider = policy({**READS, "Resource": "*"})
        iam.create_policy_version(PolicyArn=managed(scope), PolicyDocument=wider, SetAsDefault=True)
    assert drift(store, scope) == [f"update {AGENCY} (lists, otherwise, reads)"]

    bring_about(store, scope)

    assert drift(store, scope) == []
    assert len(iam.list_policy_versions(PolicyArn=managed(scope))["Versions"]) == 1
    held = iam.list_entities_for_policy(PolicyArn=managed(scope))["PolicyUsers"]
    assert [each["UserName"] for each in held] == [f"{scope}-person"]


def test_a_grant_that_is_taken_back_leaves_nobody_with_it(iam: Any, store: Any, scope: str) -> None:
    more: dict[str, Attributes] = {**DESIRED, "grant x": DESIRED[AGENCY]}
    bring_about(store, scope, more)
    iam.create_user(UserName=f"{scope}-person")
    iam.attach_user_policy(UserName=f"{scope}-person", PolicyArn=managed(scope, "x"))

    bring_about(store, scope)

    assert drift(store, scope) == []
    assert iam.list_attached_user_policies(UserName=f"{scope}-person")["AttachedPolicies"] == []


def test_a_policy_beside_a_role_is_told_and_taken_away(iam: Any, store: Any, scope: str) -> None:
    own = policy(*written(iam, scope))
    iam.create_policy(Path=path(scope), PolicyName=f"{scope}-pipeline", PolicyDocument=own)
    assert drift(store, scope) == [f"update {PIPELINE} (otherwise)"]

    bring_about(store, scope)

    assert drift(store, scope) == []


def test_a_role_that_may_read_everything_proves_nothing(iam: Any, store: Any, scope: str, runtime: Place) -> None:
    store.create(runtime, "database-password", {"value": "x"}, OWNED)
    assert store.can_read(scope, "pipeline", [("runtime", "database-password")])
    one_more_policy(iam, f"{scope}-pipeline")

    with pytest.raises(ProviderFailed):
        store.can_read(scope, "pipeline", [("runtime", "database-password")])
