"""Secrets Manager on a server that obeys IAM policies, and what reaches it out of band."""

from typing import Any
from uuid import uuid4

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.secrets import Place
from provisioning_assets.core.kinds import Kind
from tests.support.back_ends import aws_access, opened
from tests.support.iam import Client
from tests.support.secret_stores import bring_about


@pytest.fixture(scope="module")
def access(obeying: str) -> Access:
    return aws_access(obeying)


@pytest.fixture(scope="module")
def store(access: Access) -> Any:
    return opened(Kind.SECRETS, "secretsmanager", access)


@pytest.fixture(scope="module")
def client(access: Access) -> Client:
    """Somebody who may do everything, for changes out of band."""
    return aws.of(access).client


@pytest.fixture(scope="module")
def iam(client: Client) -> Any:
    return client("iam")


@pytest.fixture
def fresh() -> str:
    return f"shop_{uuid4().hex[:8]}-staging"


@pytest.fixture
def scope(store: Any, fresh: str) -> str:
    bring_about(store, fresh)
    return fresh


@pytest.fixture
def runtime(scope: str) -> Place:
    return Place(scope, "runtime")
