"""The routing proof, against monitoring in memory that goes wrong in the ways of the field."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from provisioning_assets.backends.monitoring import HEALTH_RULE, ROUTES, Delivery, Route
from provisioning_assets.core.plan import diff
from provisioning_assets.errors import ProviderFailed, Unreachable
from provisioning_assets.probes.alert_routing import Clock, prove_control, prove_quiet
from provisioning_assets.probes.routing_proofs import Control
from tests.fakes.monitoring import MemoryMonitoring

SCOPE = "demo_shop-staging"
WITHIN = timedelta(seconds=60)


class Time:
    """Time that passes when somebody pauses."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.clock = Clock(now=lambda: self.seconds, pause=self.pause)

    def now(self) -> datetime:
        """The time of day."""
        return datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


def with_an_alarm(monitoring: MemoryMonitoring, *, paging: bool = False) -> MemoryMonitoring:
    alarm = {"probe": "shop", "namespace": "demo_shop/staging", "period": 10, "periods": 1, "rule": HEALTH_RULE}
    desired = {
        **{f"topic {route}": {} for route in ROUTES},
        **{f"tap {route}": {"subscribed": True, "allowed": True} for route in ROUTES},
        "alarm shop-down-pager": {**alarm, "actions": ["pager"], "paging": paging},
        "alarm shop-down-quiet": {**alarm, "actions": ["quiet"], "paging": True},
    }
    monitoring.write(SCOPE, diff(desired, {}).changes)
    return monitoring


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def monitoring(time: Time) -> MemoryMonitoring:
    return with_an_alarm(MemoryMonitoring(clock=time.now))


def control(monitoring: MemoryMonitoring, time: Time) -> Control:
    return prove_control(monitoring, SCOPE, "shop-down", WITHIN, time.clock)


def paging(monitoring: MemoryMonitoring) -> object:
    return monitoring.read(SCOPE)["alarm shop-down-pager"]["paging"]


def test_the_control_reaches_the_pager_and_leaves_paging_off(monitoring: MemoryMonitoring, time: Time) -> None:
    proof = control(monitoring, time)
    assert proof.proven, proof.summary
    assert proof.delay_seconds == pytest.approx(1, abs=0.4)
    assert [delivery.alarm for delivery in proof.pager] == ["shop-down-pager"]
    assert proof.evaluator == "memory"
    assert paging(monitoring) is False
    assert Control.from_json(proof.as_json()) == proof


def test_a_pager_that_somebody_armed_is_not_disarmed_by_a_control(time: Time) -> None:
    armed = with_an_alarm(MemoryMonitoring(clock=time.now), paging=True)
    proof = control(armed, time)
    assert not proof.proven
    assert "not run: paging of shop-down-pager is on" in proof.summary
    assert paging(armed) is True


def test_with_paging_off_only_the_quiet_route_is_reached(monitoring: MemoryMonitoring, time: Time) -> None:
    proof = prove_quiet(monitoring, SCOPE, "shop-down", control(monitoring, time), WITHIN, time.clock)
    assert proof.proven, proof.summary
    assert proof.silent_seconds is not None
    assert proof.silent_seconds >= 5
    assert [delivery.alarm for delivery in proof.quiet] == ["shop-down-quiet"]
    assert not proof.pager
    assert proof.as_json()["control"]["delay_seconds"] == pytest.approx(1, abs=0.4)


def test_the_pager_is_watched_for_twice_the_controls_delay(time: Time) -> None:
    slow = with_an_alarm(MemoryMonitoring(clock=time.now, reaction=timedelta(seconds=8)))
    first = control(slow, time)
    proof = prove_quiet(slow, SCOPE, "shop-down", first, WITHIN, time.clock)
    assert proof.proven, proof.summary
    assert first.delay_seconds is not None
    assert proof.silent_seconds is not None
    assert proof.silent_seconds >= 2 * first.delay_seconds


def test_time_that_ends_before_the_silence_proves_nothing(time: Time) -> None:
    slow = with_an_alarm(MemoryMonitoring(clock=time.now, reaction=timedelta(seconds=8)))
    first = control(slow, time)
    time.pause(60)
    proof = prove_quiet(slow, SCOPE, "shop-down", first, timedelta(seconds=12), time.clock)
    assert not proof.proven
    assert "too short" in proof.summary


def test_a_pager_that_is_called_although_paging_is_off_is_red(monitoring: MemoryMonitoring, time: Time) -> None:
    first = control(monitoring, time)
    monitoring.ignores_paging = True
    proof = prove_quiet(monitoring, SCOPE, "shop-down", first, WITHIN, time.clock)
    assert not proof.proven
    assert "the pager got shop-down-pager although paging is off" in proof.summary


def test_a_page_that_comes_late_is_red(monitoring: MemoryMonitoring, time: Time) -> None:
    """Another process calls the pager, later than the quiet route was reached."""
    first = control(monitoring, time)

    class Late(MemoryMonitoring):
        def breach(self, scope: str, alarm: str) -> datetime:
            self.page_at = super().breach(scope, alarm) + timedelta(seconds=4)
            return self._clock()

        def deliveries(self, scope: str, route: Route) -> Sequence[Delivery]:
            late = route == "pager" and self._clock() >= getattr(self, "page_at", self._clock() + timedelta(1))
            return [Delivery("shop-down-pager", self._clock())] if late else super().deliveries(scope, route)

    proof = prove_quiet(with_an_alarm(Late(clock=time.now)), SCOPE, "shop-down", first, WITHIN, time.clock)
    assert not proof.proven
    assert "although paging is off" in proof.summary


def test_a_broken_quiet_route_is_red(monitoring: MemoryMonitoring, time: Time) -> None:
    first = control(monitoring, time)
    monitoring.deaf = {"quiet"}
    proof = prove_quiet(monitoring, SCOPE, "shop-down", first, WITHIN, time.clock)
    assert not proof.proven
    assert proof.summary == "the quiet route got nothing"


def test_without_a_control_nothing_is_breached(monitoring: MemoryMonitoring, time: Time) -> None:
    proof = prove_quiet(monitoring, SCOPE, "shop-down", None, WITHIN, time.clock)
    assert not proof.proven
    assert "no control run" in proof.summary
    assert proof.at is None


def test_a_control_that_reached_nobody_is_no_control(monitoring: MemoryMonitoring, time: Time) -> None:
    monitoring.deaf = {"pager"}
    first = control(monitoring, time)
    assert not first.proven
    assert "the pager got nothing within 60 s" in first.summary
    assert paging(monitoring) is False
    monitoring.deaf = set()
    proof = prove_quiet(monitoring, SCOPE, "shop-down", first, WITHIN, time.clock)
    assert not proof.proven
    assert "the control did not reach the pager" in proof.summary


def test_nothing_delivered_because_nobody_evaluates_is_red(monitoring: MemoryMonitoring, time: Time) -> None:
    first = control(monitoring, time)
    time.pause(30)
    monitoring.evaluating = False
    proof = prove_quiet(monitoring, SCOPE, "shop-down", first, WITHIN, time.clock)
    assert not proof.proven
    assert "shop-down-pager never went into ALARM: the pager's silence proves nothing" in proof.summary
    assert "the quiet route got nothing" in proof.summary


def test_a_control_by_another_evaluator_does_not_count(monitoring: MemoryMonitoring, time: Time) -> None:
    elsewhere = Control("shop-down", "Amazon CloudWatch", "", time.now(), 1.0)
    proof = prove_quiet(monitoring, SCOPE, "shop-down", elsewhere, WITHIN, time.clock)
    assert not proof.proven
    assert "evaluated by Amazon CloudWatch, alarms here by memory" in proof.summary


def test_paging_that_is_on_is_left_on_and_nothing_is_breached(time: Time) -> None:
    monitoring = with_an_alarm(MemoryMonitoring(clock=time.now), paging=True)
    good = Control("shop-down", "memory", "", time.now(), 1.0)
    proof = prove_quiet(monitoring, SCOPE, "shop-down", good, WITHIN, time.clock)
    assert not proof.proven
    assert "would call the pager" in proof.summary
    assert proof.at is None
    assert paging(monitoring) is True


@pytest.mark.parametrize(
    ("address", "attributes", "said"),
    [
        ("alarm shop-down-pager", None, "alarm shop-down-pager does not exist"),
        ("alarm shop-down-pager", {"actions": []}, "alarm shop-down-pager does not notify the pager topic"),
        ("tap pager", {"subscribed": False}, "the pager tap does not receive"),
        ("tap pager", {"allowed": False}, "the pager tap does not receive"),
        ("topic pager", None, "the pager tap does not receive"),
    ],
)
def test_a_pager_that_is_silent_for_another_reason_is_red(
    monitoring: MemoryMonitoring, time: Time, address: str, attributes: dict[str, object] | None, said: str
) -> None:
    live = monitoring.read(SCOPE)
    broken = {name: held for name, held in live.items() if name != address}
    if attributes:
        broken[address] = {**live[address], **attributes}
    monitoring.write(SCOPE, diff(broken, live).changes)
    good = Control("shop-down", "memory", "", time.now(), 1.0)
    proof = prove_quiet(monitoring, SCOPE, "shop-down", good, WITHIN, time.clock)
    assert not proof.proven
    assert said in proof.summary
    assert said in control(monitoring, time).summary


def test_an_alarm_that_is_not_ok_is_not_breached(monitoring: MemoryMonitoring, time: Time) -> None:
    monitoring._scope(SCOPE).alarm_until["shop-down-pager"] = time.now() + timedelta(hours=1)
    proof = control(monitoring, time)
    assert not proof.proven
    assert "shop-down-pager is ALARM, not OK" in proof.summary
    assert proof.at is None
    assert paging(monitoring) is False


def test_what_was_delivered_before_the_breach_does_not_count(monitoring: MemoryMonitoring, time: Time) -> None:
    first = control(monitoring, time)
    monitoring._scope(SCOPE).received["pager"].append(Delivery("shop-down-pager", time.now()))
    monitoring._scope(SCOPE).received["quiet"].append(Delivery("shop-down-quiet", time.now()))
    time.pause(60)
    monitoring.deaf = {"quiet"}
    proof = prove_quiet(monitoring, SCOPE, "shop-down", first, WITHIN, time.clock)
    assert proof.summary == "the quiet route got nothing"


def test_an_interrupted_control_leaves_paging_off(time: Time) -> None:
    class Interrupted(MemoryMonitoring):
        def breach(self, scope: str, alarm: str) -> datetime:
            assert self.read(scope)[f"alarm {alarm}-pager"]["paging"] is True
            raise KeyboardInterrupt

    monitoring = with_an_alarm(Interrupted(clock=time.now))
    with pytest.raises(KeyboardInterrupt):
        control(monitoring, time)
    assert paging(monitoring) is False


def test_switching_off_is_tried_again_when_the_server_is_away_for_a_moment(time: Time) -> None:
    class Flaky(MemoryMonitoring):
        failures = 2

        def set_paging(self, scope: str, alarm: str, *, enabled: bool) -> None:
            if not enabled and self.failures:
                self.failures -= 1
                raise Unreachable("CloudWatch", "http://127.0.0.1:1")
            super().set_paging(scope, alarm, enabled=enabled)

    monitoring = with_an_alarm(Flaky(clock=time.now))
    assert control(monitoring, time).proven
    assert paging(monitoring) is False


def test_paging_that_stays_on_is_said_loudly(time: Time) -> None:
    class Stuck(MemoryMonitoring):
        def set_paging(self, scope: str, alarm: str, *, enabled: bool) -> None:
            if enabled:
                super().set_paging(scope, alarm, enabled=enabled)

    with pytest.raises(ProviderFailed, match="shop-down-pager may call a person") as failed:
        control(with_an_alarm(Stuck(clock=time.now)), time)
    assert "by hand" in failed.value.remedy
