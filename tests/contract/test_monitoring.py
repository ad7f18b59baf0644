"""One suite for every monitoring back end; CloudWatch runs it on a moto server."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from provisioning_assets.backends.monitoring import Monitoring
from provisioning_assets.backends.monitoring.cloudwatch.platform import CloudWatch
from provisioning_assets.core.plan import Action, Change, diff
from provisioning_assets.errors import ProviderFailed
from tests.fakes.monitoring import MemoryMonitoring
from tests.support.monitored import DESIRED, REGION, bring_about, drift
from tests.support.servers import emulated_aws


@pytest.fixture(scope="module")
def cloudwatch() -> Iterator[Monitoring]:
    with emulated_aws():
        yield CloudWatch(region=REGION)


@pytest.fixture(scope="module", params=["memory", "cloudwatch"])
def monitoring(request: pytest.FixtureRequest) -> Monitoring:
    if request.param == "cloudwatch":
        return request.getfixturevalue("cloudwatch")
    return MemoryMonitoring(region=REGION)


@pytest.fixture
def scope() -> str:
    return f"shop{uuid4().hex[:8]}-staging"


def test_a_scope_that_nobody_wrote_is_empty(monitoring: Monitoring, scope: str) -> None:
    assert monitoring.read(scope) == {}


def test_what_was_written_is_read_back_in_under_two_seconds(monitoring: Monitoring, scope: str) -> None:
    began = time.monotonic()
    bring_about(monitoring, scope, DESIRED)
    assert time.monotonic() - began < 2
    assert monitoring.read(scope) == DESIRED


def test_writing_again_changes_nothing(monitoring: Monitoring, scope: str) -> None:
    bring_about(monitoring, scope, DESIRED)
    monitoring.write(scope, diff(DESIRED, {}).changes)
    assert drift(monitoring, scope) == []


@pytest.mark.parametrize(
    ("address", "attribute", "value"),
    [
        ("log_group application", "retention_days", 7),
        ("probe shop", "url", "https://other.example/healthz"),
        ("alarm shop-down-pager", "paging", True),
        ("alarm shop-down-pager", "period", 60),
        ("alarm shop-down-quiet", "periods", 3),
        ("alarm shop-down-quiet", "actions", []),
        ("dashboard launch", "body", {"widgets": []}),
    ],
)
def test_an_attribute_is_updated_in_place_and_back(
    monitoring: Monitoring, scope: str, address: str, attribute: str, value: object
) -> None:
    bring_about(monitoring, scope, DESIRED)
    bring_about(monitoring, scope, DESIRED | {address: {**DESIRED[address], attribute: value}})
    assert drift(monitoring, scope) == [f"update {address} ({attribute})"]
    bring_about(monitoring, scope, DESIRED)
    assert drift(monitoring, scope) == []


@pytest.mark.parametrize("address", sorted(DESIRED))
def test_what_is_deleted_is_gone_and_can_be_made_again(monitoring: Monitoring, scope: str, address: str) -> None:
    bring_about(monitoring, scope, DESIRED)
    monitoring.write(scope, [Change(Action.DELETE, address, DESIRED[address])])
    assert address not in monitoring.read(scope)
    bring_about(monitoring, scope, DESIRED)
    assert drift(monitoring, scope) == []


def test_everything_is_deleted_together(monitoring: Monitoring, scope: str) -> None:
    bring_about(monitoring, scope, DESIRED)
    bring_about(monitoring, scope, {})
    assert monitoring.read(scope) == {}


def test_scopes_do_not_see_each_other(monitoring: Monitoring, scope: str) -> None:
    bring_about(monitoring, scope, DESIRED)
    assert monitoring.read(f"{scope}_eu") == {}
    assert monitoring.read(scope[:-1]) == {}


def test_paging_is_switched_for_the_pager_alone(monitoring: Monitoring, scope: str) -> None:
    bring_about(monitoring, scope, DESIRED)
    monitoring.set_paging(scope, "shop-down", enabled=True)
    assert drift(monitoring, scope) == ["update alarm shop-down-pager (paging)"]
    monitoring.set_paging(scope, "shop-down", enabled=False)
    assert drift(monitoring, scope) == []


def test_every_alarm_has_a_state(monitoring: Monitoring, scope: str) -> None:
    bring_about(monitoring, scope, DESIRED)
    states = monitoring.alarm_states(scope)
    assert states.keys() == {"shop-down-pager", "shop-down-quiet"}
    assert set(states.values()) <= {"OK", "ALARM", "INSUFFICIENT_DATA"}


def test_a_tap_that_got_nothing_is_empty_and_a_missing_one_is_an_error(monitoring: Monitoring, scope: str) -> None:
    with pytest.raises(ProviderFailed, match="tap"):
        monitoring.deliveries(scope, "pager")
    bring_about(monitoring, scope, DESIRED)
    assert list(monitoring.deliveries(scope, "pager")) == []


def test_a_breach_is_now_and_of_an_alarm_that_exists(monitoring: Monitoring, scope: str) -> None:
    with pytest.raises(ProviderFailed, match="there is no alarm shop-down-pager"):
        monitoring.breach(scope, "shop-down")
    bring_about(monitoring, scope, DESIRED)
    assert abs(datetime.now(UTC) - monitoring.breach(scope, "shop-down")) < timedelta(seconds=5)


def test_a_widget_shows_the_data_of_its_own_query(monitoring: Monitoring, scope: str) -> None:
    bring_about(monitoring, scope, DESIRED)
    monitoring.breach(scope, "shop-down")
    counts = monitoring.widget_data(scope, "launch")
    assert counts.keys() == {"health", "orders"}
    assert counts["health"] > 0
    assert counts["orders"] == 0


def test_a_dashboard_without_widgets_shows_nothing_and_a_missing_one_is_an_error(
    monitoring: Monitoring, scope: str
) -> None:
    with pytest.raises(ProviderFailed):
        monitoring.widget_data(scope, "launch")
    bring_about(monitoring, scope, DESIRED | {"dashboard launch": {"body": {"widgets": []}}})
    assert monitoring.widget_data(scope, "launch") == {}
