"""One suite for every monitoring product; CloudWatch runs it on moto, with the sandbox's alarm engine.

What Prometheus is told to look at it shows within ten seconds: most of its suite's time goes there.
"""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.monitoring import EVALUATOR, ROUTES, Delivery, Monitoring, Route
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.core.plan import Action, Change, Json, diff
from provisioning_assets.errors import ApplyFailed, ProviderFailed, Unreachable
from tests.fakes.monitoring import MemoryMonitoring
from tests.support.back_ends import FAKE, aws_access, lacks, names, opened
from tests.support.monitored import (
    CLOUDWATCH_BODY,
    NAMESPACE,
    RULE,
    WATCHED,
    Subject,
    bring_about,
    drift,
    evaluated_aws,
    routes,
    rule,
)
from tests.support.prometheus import Monitors, prometheus_access
from tests.support.servers import free_port
from tests.support.waiting import wait_until

PRODUCTS = [product.name for product in catalogue.of_kind(Kind.MONITORING)]


@pytest.fixture(scope="module")
def memory() -> Subject:
    panels = [{"title": "health", "probe": "shop"}, {"title": "orders"}]
    return Subject(FAKE, MemoryMonitoring(), {"panels": panels}, {"panels": []})


@pytest.fixture(scope="module")
def cloudwatch() -> Iterator[Subject]:
    with evaluated_aws() as access:
        monitoring = opened(Kind.MONITORING, "cloudwatch", access, namespace=NAMESPACE)
        yield Subject("cloudwatch", monitoring, CLOUDWATCH_BODY, {"widgets": []})


@pytest.fixture(scope="module")
def prometheus_subject(prometheus: Monitors) -> Subject:
    health, orders = {"title": "health", "query": 'probe_success{probe="shop"}'}, {"title": "orders", "query": "orders"}
    body = {"widgets": [{"text": "Launch"}, health, orders]}
    scopes = [f"ready{number}-staging" for number in range(25)]
    subject = Subject(
        "prometheus", prometheus.opened(), body, {"widgets": []}, f"{prometheus.well}/-/healthy", 15, scopes
    )
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda scope: bring_about(prometheus.opened(), scope, subject.desired), scopes))
    return subject


@pytest.fixture(scope="module", params=names(Kind.MONITORING))
def subject(request: pytest.FixtureRequest) -> Subject:
    return request.getfixturevalue({"prometheus": "prometheus_subject"}.get(request.param, request.param))


@pytest.fixture
def monitoring(subject: Subject) -> Monitoring:
    return subject.monitoring


@pytest.fixture
def scope() -> str:
    return f"shop{uuid4().hex[:8]}-staging"


@pytest.fixture
def watched(subject: Subject, scope: str) -> str:
    """A scope with everything in place; its name."""
    if subject.ready:
        return subject.ready.pop()
    bring_about(subject.monitoring, scope, subject.desired)
    return scope


@pytest.fixture
def drifted(subject: Subject, watched: str) -> Callable[[], list[str]]:
    return lambda: drift(subject.monitoring, watched, subject.desired)


ACCESS = {"cloudwatch": aws_access, "prometheus": lambda address: prometheus_access(prometheus=address)}
"""Of each product, by the address of its server."""


def away(product: str) -> Monitoring:
    """The product at an address where nobody listens."""
    return opened(Kind.MONITORING, product, ACCESS[product](f"http://127.0.0.1:{free_port()}"))


def test_a_scope_that_nobody_wrote_is_empty(monitoring: Monitoring, scope: str) -> None:
    assert monitoring.read(scope) == {}


def test_what_was_written_is_read_back_in_time(subject: Subject, scope: str) -> None:
    began = time.monotonic()
    bring_about(subject.monitoring, scope, subject.desired)
    assert time.monotonic() - began < subject.shows_within
    assert subject.monitoring.read(scope) == subject.desired


def test_logs_are_kept_or_refused(subject: Subject, scope: str) -> None:
    logs = {"signal logs/application": {"retention_days": 30}}
    if lacks(subject.name, Capability.LOGS):
        with pytest.raises(ApplyFailed):
            bring_about(subject.monitoring, scope, logs)
        logs = {}
    else:
        bring_about(subject.monitoring, scope, logs)
    assert subject.monitoring.read(scope) == logs


def test_writing_again_changes_nothing(subject: Subject, watched: str, drifted: Callable[[], list[str]]) -> None:
    subject.monitoring.write(watched, diff(subject.desired, {}).changes)
    assert drifted() == []


@pytest.mark.parametrize(
    ("address", "attribute", "value"),
    [
        ("signal logs/application", "retention_days", 7),
        ("probe shop", "url", "https://other.example/healthz"),
        (f"rule {RULE}", "probe", "another"),
        (f"rule {RULE}", "period", 60),
        (f"rule {RULE}", "periods", 3),
        (f"rule {RULE}", "routes", routes(pager=False)),
        (f"rule {RULE}", "routes", routes(quiet=True)),
        (f"rule {RULE}", "routes", {"quiet": {"muted": False}}),
        ("dashboard launch", "body", None),
    ],
)
def test_an_attribute_is_updated_in_place_and_back(
    subject: Subject, watched: str, drifted: Callable[[], list[str]], address: str, attribute: str, value: Json
) -> None:
    if address not in subject.desired:
        assert lacks(subject.name, Capability.LOGS)
        return
    changed = {**subject.desired[address], attribute: value or subject.empty}
    bring_about(subject.monitoring, watched, subject.desired | {address: changed})
    assert subject.monitoring.read(watched)[address] == changed
    assert drifted() == [f"update {address} ({attribute})"]
    bring_about(subject.monitoring, watched, subject.desired)
    assert drifted() == []


@pytest.mark.parametrize("address", sorted({*WATCHED, "dashboard launch"}))
def test_what_is_deleted_is_gone_and_can_be_made_again(
    subject: Subject, watched: str, drifted: Callable[[], list[str]], address: str
) -> None:
    if address not in subject.desired:
        assert lacks(subject.name, Capability.LOGS)
        return
    subject.monitoring.write(watched, [Change(Action.DELETE, address, subject.desired[address])])
    assert address not in subject.monitoring.read(watched)
    bring_about(subject.monitoring, watched, subject.desired)
    assert drifted() == []


def test_everything_is_deleted_together(monitoring: Monitoring, watched: str) -> None:
    bring_about(monitoring, watched, {})
    assert monitoring.read(watched) == {}


def test_scopes_do_not_see_each_other(monitoring: Monitoring, watched: str) -> None:
    assert monitoring.read(f"{watched}_eu") == {}
    assert monitoring.read(watched[:-1]) == {}


@pytest.mark.parametrize("route", ROUTES)
def test_a_rule_is_muted_on_one_route_alone(monitoring: Monitoring, watched: str, route: Route) -> None:
    before = monitoring.read(watched)
    was = before[f"rule {RULE}"]["routes"][route]["muted"]
    monitoring.mute(watched, RULE, route, muted=not was)
    assert monitoring.read(watched) == before | {
        f"rule {RULE}": rule(routes={**routes(), route: {"muted": not was}}),
    }
    monitoring.mute(watched, RULE, route, muted=was)
    assert monitoring.read(watched) == before


def test_what_is_not_there_cannot_be_muted(subject: Subject, scope: str) -> None:
    with pytest.raises(ProviderFailed):
        subject.monitoring.mute(scope, RULE, "pager", muted=True)
    bring_about(subject.monitoring, scope, subject.desired | {f"rule {RULE}": rule(routes={"quiet": {"muted": False}})})
    with pytest.raises(ProviderFailed):
        subject.monitoring.mute(scope, RULE, "pager", muted=True)


def test_every_rule_has_a_state_for_each_of_its_routes(monitoring: Monitoring, watched: str) -> None:
    states = monitoring.firing(watched)
    assert states.keys() == {RULE}
    assert states[RULE].keys() == set(ROUTES)
    assert set(states[RULE].values()) <= {"ok", "firing", "unknown"}
    assert monitoring.firing(f"{watched}_eu") == {}


def test_a_route_that_got_nothing_is_empty_and_a_missing_one_fails(subject: Subject, scope: str) -> None:
    for route in ROUTES:
        with pytest.raises(ProviderFailed):
            subject.monitoring.deliveries(scope, route)
    bring_about(subject.monitoring, scope, subject.desired)
    assert [list(subject.monitoring.deliveries(scope, route)) for route in ROUTES] == [[], []]


def test_a_breach_is_now_and_of_a_rule_that_exists(subject: Subject, scope: str) -> None:
    with pytest.raises(ProviderFailed):
        subject.monitoring.breach(scope, RULE)
    bring_about(subject.monitoring, scope, subject.desired)
    assert abs(datetime.now(UTC) - subject.monitoring.breach(scope, RULE)) < timedelta(seconds=5)


def test_part_of_a_dashboard_shows_the_data_of_its_own_query(monitoring: Monitoring, watched: str) -> None:
    monitoring.breach(watched, RULE)
    wait_until(lambda: monitoring.dashboard_data(watched, "launch")["health"])
    counts = monitoring.dashboard_data(watched, "launch")
    assert counts.keys() == {"health", "orders"}
    assert counts["orders"] == 0


def test_an_empty_dashboard_shows_nothing_and_a_missing_one_fails(subject: Subject, scope: str) -> None:
    with pytest.raises(ProviderFailed):
        subject.monitoring.dashboard_data(scope, "launch")
    bring_about(subject.monitoring, scope, subject.desired | {"dashboard launch": {"body": subject.empty}})
    assert subject.monitoring.dashboard_data(scope, "launch") == {}


def states(monitoring: Monitoring, scope: str) -> set[str]:
    return set(monitoring.firing(scope)[RULE].values())


@pytest.mark.parametrize("muted", ROUTES)
def test_a_breach_fires_for_all_routes_and_calls_the_unmuted_one(
    monitoring: Monitoring, watched: str, muted: Route
) -> None:
    for route in ROUTES:
        monitoring.mute(watched, RULE, route, muted=route == muted)
    wait_until(lambda: states(monitoring, watched) == {"ok"})
    at, taken = monitoring.breach(watched, RULE), {route: list[Delivery]() for route in ROUTES}

    def called() -> bool:
        for route in ROUTES:
            taken[route] += monitoring.deliveries(watched, route)
        return any(taken.values()) and states(monitoring, watched) == {"firing"}

    wait_until(called)
    (heard,) = {*ROUTES} - {muted}
    assert [(each.rule, each.state) for each in taken[heard]] == [(RULE, "firing")]
    assert at - timedelta(seconds=1) < taken[heard][0].received_at < datetime.now(UTC) + timedelta(seconds=1)
    wait_until(lambda: states(monitoring, watched) == {"ok"})
    assert not taken[muted]
    assert not monitoring.deliveries(watched, muted)


def test_identity_is_stable_and_names_the_evaluator(monitoring: Monitoring) -> None:
    monitoring.reach()
    assert monitoring.identity() == monitoring.identity()
    assert monitoring.identity()[EVALUATOR]


@pytest.mark.parametrize("product", PRODUCTS)
def test_opening_does_no_input_or_output(product: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        pytest.fail("it connected")

    monkeypatch.setattr(socket.socket, "connect", refused)
    away(product)


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_dead_address_is_unreachable_within_five_seconds(product: str) -> None:
    monitoring, began = away(product), time.monotonic()
    with pytest.raises(Unreachable):
        monitoring.reach()
    assert time.monotonic() - began < 5
