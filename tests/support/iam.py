"""IAM of an emulated AWS, as tests look at what was granted there."""

import json
from collections.abc import Callable
from typing import Any

from provisioning_assets.sandbox.ministack import ACCOUNT
from tests.support.back_ends import REGION

Client = Callable[[str], Any]
"""A client of an AWS service."""

READS = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue"}


def arn(name: str) -> str:
    """Of a secret."""
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}"


def path(scope: str) -> str:
    """Where the roles and policies of an environment lie."""
    return f"/{scope}/grants/"


def managed(scope: str, who: str = "agency") -> str:
    """ARN of a grant's policy."""
    return f"arn:aws:iam::{ACCOUNT}:policy{path(scope)}{scope}-{who}"


def policy(*statements: dict[str, Any]) -> str:
    """A document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def written(iam: Any, scope: str) -> list[dict[str, Any]]:
    """What the pipeline's role may do."""
    found = iam.get_role_policy(RoleName=f"{scope}-pipeline", PolicyName="reads")
    return list(found["PolicyDocument"]["Statement"])
