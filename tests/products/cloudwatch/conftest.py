"""CloudWatch, and what reaches it out of band."""

from uuid import uuid4

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.monitoring import Monitoring
from provisioning_assets.core.kinds import Kind
from tests.support.back_ends import aws_access, opened
from tests.support.monitored import NAMESPACE, ON_CLOUDWATCH, Api, bring_about


@pytest.fixture(scope="module")
def access(moto: str) -> Access:
    return aws_access(moto)


@pytest.fixture(scope="module")
def cloudwatch(access: Access) -> Monitoring:
    return opened(Kind.MONITORING, "cloudwatch", access, namespace=NAMESPACE)


@pytest.fixture(scope="module")
def api(access: Access) -> Api:
    """A client of an AWS service, for changes out of band."""
    return aws.of(access).client


@pytest.fixture
def scope() -> str:
    return f"shop{uuid4().hex[:8]}-staging"


@pytest.fixture
def live(cloudwatch: Monitoring, scope: str) -> Monitoring:
    """CloudWatch with everything in place."""
    bring_about(cloudwatch, scope, ON_CLOUDWATCH)
    return cloudwatch
