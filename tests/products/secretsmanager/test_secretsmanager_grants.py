"""Who may read secrets in AWS: IAM roles and policies, as they are written and as AWS judges them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.secrets import Place
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ApplyFailed
from provisioning_assets.sandbox.ministack import ACCOUNT
from tests.support.back_ends import REGION, aws_access, opened
from tests.support.iam import arn, managed, path, policy, written
from tests.support.secret_stores import AGENCY, DESIRED, OWNED, PIPELINE, bring_about, drift

pytestmark = pytest.mark.second

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
CI = f"arn:aws:iam::{ACCOUNT}:role/ci"


def test_the_pipelines_role_reads_each_secret_and_nothing_else(iam: Any, scope: str) -> None:
    assert written(iam, scope) == [{
        "Effect": "Allow",
        "Action": ["secretsmanager:GetSecretValue"],
        "Resource": [arn(f"{scope}/runtime/database-password-??????")],
    }]  # fmt: skip
    role = iam.get_role(RoleName=f"{scope}-pipeline")["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Principal": {"AWS": [ROOT]}, "Action": ["sts:AssumeRole"]}
    ]
    assert (role["Path"], role["MaxSessionDuration"]) == (path(scope), 3600)


def test_the_agencys_policy_opens_what_is_engagement_time(iam: Any, scope: str) -> None:
    found = iam.get_policy_version(PolicyArn=managed(scope), VersionId="v1")["PolicyVersion"]["Document"]
    everything = [arn(f"{scope}/engagement/*")]
    assert found["Statement"] == [
        {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": everything},
        {"Effect": "Allow", "Action": ["secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds"],
         "Resource": everything},
        {"Effect": "Allow", "Action": ["secretsmanager:ListSecrets"], "Resource": ["*"]},
    ]  # fmt: skip


def test_the_simulator_allows_what_was_granted_and_denies_the_rest(iam: Any, scope: str) -> None:
    policies = [policy(*written(iam, scope))]

    def allowed(action: str, name: str) -> bool:
        asked = {"PolicyInputList": policies, "ActionNames": [f"secretsmanager:{action}"], "ResourceArns": [arn(name)]}
        (result,) = iam.simulate_custom_policy(**asked)["EvaluationResults"]
        return bool(result["EvalDecision"] == "allowed")

    own = f"{scope}/runtime/database-password"
    assert allowed("GetSecretValue", f"{own}-Ab12Cd")
    near = [f"{own}-longer-Ab12Cd", f"{own}2-Ab12Cd", f"{own}/deeper-Ab12Cd", f"{own}-Ab12C", own, f"x{own}-Ab12Cd",
            f"{scope}/runtime/session-key-Ab12Cd", f"{scope}/engagement/database-password-Ab12Cd",
            f"{scope}2/runtime/database-password-Ab12Cd"]  # fmt: skip
    assert [name for name in near if allowed("GetSecretValue", name)] == []
    others = ["PutSecretValue", "UpdateSecret", "DeleteSecret", "DescribeSecret", "PutResourcePolicy", "ListSecrets"]
    assert [action for action in others if allowed(action, f"{own}-Ab12Cd")] == []


def test_whoever_has_the_agencys_policy_reads_what_it_says(iam: Any, store: Any, scope: str, access: Access) -> None:
    for purpose in ("runtime", "engagement"):
        store.create(Place(scope, purpose), "key", {"value": "x"}, OWNED)
    person = f"{scope}-person"
    iam.create_user(UserName=person)
    iam.attach_user_policy(UserName=person, PolicyArn=managed(scope))
    key = iam.create_access_key(UserName=person)["AccessKey"]
    own = aws.Aws(aws_access(
        access.variables["AWS_ENDPOINT_URL"],
        AWS_ACCESS_KEY_ID=key["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"],
    )).client("secretsmanager")  # fmt: skip

    assert own.get_secret_value(SecretId=f"{scope}/engagement/key")
    assert own.describe_secret(SecretId=f"{scope}/engagement/key")
    assert own.list_secrets()["SecretList"]
    for refused in (
        lambda: own.get_secret_value(SecretId=f"{scope}/runtime/key"),
        lambda: own.describe_secret(SecretId=f"{scope}/runtime/key"),
        lambda: own.put_secret_value(SecretId=f"{scope}/engagement/key", SecretString="x"),
    ):
        with pytest.raises(ClientError) as error:
            refused()
        assert error.value.response["Error"]["Code"] == "AccessDeniedException"
    assert drift(store, scope) == []  # who has the policy is the account's own business


def test_what_lies_elsewhere_is_somebody_elses(iam: Any, store: Any, fresh: str) -> None:
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"})
    for name in (f"{fresh}-web", f"{fresh}-pipeline"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    assert [address for address in store.read_grants(fresh) if address.startswith("grant ")] == []

    with pytest.raises(ApplyFailed) as refused:
        bring_about(store, fresh)

    assert refused.value.where == PIPELINE
    assert refused.value.remedy
    assert iam.list_role_policies(RoleName=f"{fresh}-pipeline")["PolicyNames"] == []


def test_a_name_that_no_role_may_have_is_refused_at_its_address(store: Any) -> None:
    with pytest.raises(ApplyFailed) as refused:
        bring_about(store, f"{'s' * 40}-{'p' * 20}")

    assert refused.value.where == PIPELINE
    assert refused.value.remedy


def test_a_policy_that_would_allow_nothing_is_refused(store: Any, scope: str) -> None:
    with pytest.raises(ApplyFailed) as refused:
        bring_about(store, scope, {**DESIRED, AGENCY: {**DESIRED[AGENCY], "reads": {}, "lists": []}})

    assert refused.value.where == AGENCY
    assert refused.value.remedy


def test_named_principals_and_nobody_else_may_assume_a_role(iam: Any, access: Access, fresh: str) -> None:
    iam.create_role(RoleName="ci", AssumeRolePolicyDocument=policy())
    named = opened(Kind.SECRETS, "secretsmanager", access, assumed_by=[CI])
    bring_about(named, fresh)
    named.create(Place(fresh, "runtime"), "database-password", {"value": "x"}, OWNED)
    assert drift(named, fresh) == []
    trust = iam.get_role(RoleName=f"{fresh}-pipeline")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust == [{"Effect": "Allow", "Principal": {"AWS": [CI]}, "Action": ["sts:AssumeRole"]}]
    assert drift(opened(Kind.SECRETS, "secretsmanager", access), fresh) == [f"update {PIPELINE} (otherwise)"]


def test_a_key_of_our_own_is_opened_to_who_reads_and_by_no_other_way(iam: Any, access: Access, fresh: str) -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd"
    own = opened(Kind.SECRETS, "secretsmanager", access, kms_key=key)
    bring_about(own, fresh)

    assert drift(own, fresh) == []
    decrypt = written(iam, fresh)[1]
    assert (decrypt["Action"], decrypt["Resource"]) == (["kms:Decrypt"], [key])
    assert decrypt["Condition"] == {"StringEquals": {"kms:ViaService": [f"secretsmanager.{REGION}.amazonaws.com"]}}
    without = policy(written(iam, fresh)[0])
    iam.put_role_policy(RoleName=f"{fresh}-pipeline", PolicyName="reads", PolicyDocument=without)
    assert drift(own, fresh) == [f"update {PIPELINE} (otherwise)"]
