"""Alarms of CloudWatch on MiniStack: why its evaluator is no proof of ours."""

from datetime import UTC, datetime

import pytest

from provisioning_assets.backends import aws, catalogue
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.monitoring import EVALUATOR, Monitoring
from provisioning_assets.core.kinds import Capability, Kind
from tests.support.back_ends import aws_access, opened
from tests.support.monitored import NAMESPACE, ON_CLOUDWATCH, RULE, bring_about
from tests.support.waiting import wait_until

pytestmark = pytest.mark.second
SCOPE = "shop-staging"


@pytest.fixture
def access(ministack: str) -> Access:
    return aws_access(ministack, PROVISIONING_EMULATION="ministack")


@pytest.fixture
def monitoring(access: Access) -> Monitoring:
    monitoring: Monitoring = opened(Kind.MONITORING, "cloudwatch", access, namespace=NAMESPACE)
    bring_about(monitoring, SCOPE, {})
    bring_about(monitoring, SCOPE, ON_CLOUDWATCH)
    return monitoring


def states(monitoring: Monitoring) -> set[str]:
    return set(monitoring.firing(SCOPE)[RULE].values())


def test_its_evaluator_is_named_and_taken_for_no_proof(monitoring: Monitoring, access: Access) -> None:
    assert "MiniStack" in str(monitoring.identity()[EVALUATOR])
    assert Capability.ALARM_EVALUATION in catalogue.lacks(Kind.MONITORING, "cloudwatch", access)


def test_an_alarm_without_data_is_never_well_there(monitoring: Monitoring) -> None:
    assert states(monitoring) == {"unknown"}


def test_data_of_another_probe_fires_an_alarm_there(monitoring: Monitoring, access: Access) -> None:
    of_another = {"MetricName": "Healthy", "Dimensions": [{"Name": "Probe", "Value": "another"}], "Value": 0}
    data = [{**of_another, "Timestamp": datetime.now(UTC)}]

    aws.of(access).client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=data)

    wait_until(lambda: states(monitoring) == {"firing"})
