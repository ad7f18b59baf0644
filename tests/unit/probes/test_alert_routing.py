"""The routing proof, against monitoring in memory that goes wrong in the ways of the field."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from provisioning_assets.backends.monitoring import Delivery, Route
from provisioning_assets.core.plan import Attributes, diff
from provisioning_assets.errors import ProviderFailed, Unreachable
from provisioning_assets.probes.routing_proofs import Control
from tests.fakes.monitoring import MemoryMonitoring
from tests.support.monitored import RULE, routes
from tests.support.routing import SCOPE, WITHIN, Time, control, good, muted, quiet, with_a_rule


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def monitoring(time: Time) -> MemoryMonitoring:
    return with_a_rule(MemoryMonitoring(clock=time.now))


@pytest.fixture
def armed(time: Time) -> MemoryMonitoring:
    """Its pager was unmuted by somebody."""
    return with_a_rule(MemoryMonitoring(clock=time.now), routes=routes(pager=False))


@pytest.fixture
def slow(time: Time) -> MemoryMonitoring:
    """Its rules take eight seconds to see a breach."""
    return with_a_rule(MemoryMonitoring(clock=time.now, reaction=timedelta(seconds=8)))


def test_the_control_reaches_the_pager_and_mutes_it_again(monitoring: MemoryMonitoring, time: Time) -> None:
    proof = control(monitoring, time)
    assert proof.proven, proof.summary
    assert proof.delay_seconds == pytest.approx(1, abs=0.4)
    assert [delivery.rule for delivery in proof.pager] == [RULE]
    assert proof.evaluator == "memory"
    assert muted(monitoring) is True
    assert Control.from_json(proof.as_json()) == proof


def test_a_control_leaves_a_pager_alone_that_somebody_unmuted(armed: MemoryMonitoring, time: Time) -> None:
    proof = control(armed, time)
    assert not proof.proven
    assert proof.at is None
    assert muted(armed) is False


def test_with_the_pager_muted_only_the_quiet_route_is_reached(monitoring: MemoryMonitoring, time: Time) -> None:
    proof = quiet(monitoring, time, control(monitoring, time))
    assert proof.proven, proof.summary
    assert proof.silent_seconds is not None
    assert proof.silent_seconds >= 5
    assert proof.fired_seconds is not None
    assert [delivery.rule for delivery in proof.quiet] == [RULE]
    assert not proof.pager
    assert proof.as_json()["control"]["delay_seconds"] == pytest.approx(1, abs=0.4)


def test_the_pager_is_watched_for_twice_the_controls_delay(slow: MemoryMonitoring, time: Time) -> None:
    first = control(slow, time)
    proof = quiet(slow, time, first)
    assert proof.proven, proof.summary
    assert first.delay_seconds is not None
    assert proof.silent_seconds is not None
    assert proof.silent_seconds >= 2 * first.delay_seconds


def test_time_that_ends_before_the_silence_proves_nothing(slow: MemoryMonitoring, time: Time) -> None:
    first = control(slow, time)
    time.pause(60)
    proof = quiet(slow, time, first, timedelta(seconds=12))
    assert not proof.proven
    assert proof.delay_seconds is not None
    assert proof.fired_seconds is not None
    assert not proof.pager


def test_a_pager_that_is_called_although_it_is_muted_is_red(monitoring: MemoryMonitoring, time: Time) -> None:
    first = control(monitoring, time)
    monitoring.ignores_mute = True
    proof = quiet(monitoring, time, first)
    assert not proof.proven
    assert [delivery.rule for delivery in proof.pager] == [RULE]


def test_a_page_that_comes_late_is_red(monitoring: MemoryMonitoring, time: Time) -> None:
    """Another process calls the pager, later than the quiet route was reached."""
    first = control(monitoring, time)

    class Late(MemoryMonitoring):
        def breach(self, scope: str, rule: str) -> datetime:
            self.page_at = super().breach(scope, rule) + timedelta(seconds=4)
            return self._clock()

        def deliveries(self, scope: str, route: Route) -> Sequence[Delivery]:
            late = route == "pager" and self._clock() >= getattr(self, "page_at", self._clock() + timedelta(1))
            return [Delivery("another", self._clock())] if late else super().deliveries(scope, route)

    proof = quiet(with_a_rule(Late(clock=time.now)), time, first)
    assert not proof.proven
    assert proof.delay_seconds is not None
    assert {delivery.rule for delivery in proof.pager} == {"another"}


def test_a_broken_quiet_route_is_red(monitoring: MemoryMonitoring, time: Time) -> None:
    first = control(monitoring, time)
    monitoring.deaf = {"quiet"}
    proof = quiet(monitoring, time, first)
    assert not proof.proven
    assert proof.at is not None
    assert proof.fired_seconds is not None
    assert proof.delay_seconds is None


def test_without_a_control_nothing_is_breached(monitoring: MemoryMonitoring, time: Time) -> None:
    proof = quiet(monitoring, time, None)
    assert not proof.proven
    assert proof.control is None
    assert proof.at is None


def test_a_control_that_reached_nobody_is_no_control(monitoring: MemoryMonitoring, time: Time) -> None:
    monitoring.deaf = {"pager"}
    first = control(monitoring, time)
    assert not first.proven
    assert first.at is not None
    assert time.seconds >= WITHIN.total_seconds()
    assert muted(monitoring) is True
    monitoring.deaf = set()
    proof = quiet(monitoring, time, first)
    assert not proof.proven
    assert proof.at is None


def test_nothing_delivered_because_nobody_evaluates_is_red(monitoring: MemoryMonitoring, time: Time) -> None:
    first = control(monitoring, time)
    time.pause(30)
    monitoring.evaluating = False
    proof = quiet(monitoring, time, first)
    assert not proof.proven
    assert proof.at is not None
    assert (proof.fired_seconds, proof.delay_seconds, proof.pager) == (None, None, ())


def test_a_rule_that_does_not_fire_for_the_pager_proves_no_silence(monitoring: MemoryMonitoring, time: Time) -> None:
    """The quiet route is reached, and the pager is silent because what would call it sees nothing."""
    first = control(monitoring, time)

    class HalfBlind(MemoryMonitoring):
        def firing(self, scope: str) -> dict[str, dict[Route, str]]:
            return {name: {**states, "pager": "ok"} for name, states in super().firing(scope).items()}

    proof = quiet(with_a_rule(HalfBlind(clock=time.now)), time, first)
    assert not proof.proven
    assert proof.delay_seconds is not None
    assert proof.fired_seconds is None


def test_a_control_by_another_evaluator_does_not_count(monitoring: MemoryMonitoring, time: Time) -> None:
    proof = quiet(monitoring, time, Control(RULE, "Amazon CloudWatch", "", time.now(), 1.0))
    assert not proof.proven
    assert proof.at is None
    assert proof.evaluator == "memory"
    assert "Amazon CloudWatch" in proof.summary


def test_a_pager_that_is_unmuted_stays_so_and_nothing_is_breached(armed: MemoryMonitoring, time: Time) -> None:
    proof = quiet(armed, time, good(time))
    assert not proof.proven
    assert proof.at is None
    assert muted(armed) is False


def test_a_pager_that_is_unmuted_during_the_proof_is_red(monitoring: MemoryMonitoring, time: Time) -> None:
    first = control(monitoring, time)

    class Armed(MemoryMonitoring):
        def breach(self, scope: str, rule: str) -> datetime:
            self.deaf = {"pager"}
            self.mute(scope, rule, "pager", muted=False)
            return super().breach(scope, rule)

    proof = quiet(with_a_rule(Armed(clock=time.now)), time, first)
    assert not proof.proven
    assert proof.delay_seconds is not None
    assert not proof.pager


@pytest.mark.parametrize(
    ("address", "changes", "named"),
    [
        (f"rule {RULE}", None, f"rule {RULE}"),
        (f"rule {RULE}", {"routes": {"quiet": {"muted": False}}}, f"rule {RULE}"),
        ("route pager", {"observed": False, "otherwise": ["cut off"]}, "cut off"),
        ("route pager", {"delivers": False}, "route pager"),
        ("route pager", None, "route pager"),
    ],
)
def test_a_pager_that_is_silent_for_another_reason_is_red(
    monitoring: MemoryMonitoring, time: Time, address: str, changes: Attributes | None, named: str
) -> None:
    live = monitoring.read(SCOPE)
    broken = {name: held for name, held in live.items() if name != address}
    if changes:
        broken[address] = {**live[address], **changes}
    monitoring.write(SCOPE, diff(broken, live).changes)
    proofs = (quiet(monitoring, time, good(time)), control(monitoring, time))
    for proof in proofs:
        assert not proof.proven
        assert proof.at is None
        assert named in proof.summary


def test_a_rule_that_is_not_ok_is_not_breached(monitoring: MemoryMonitoring, time: Time) -> None:
    monitoring._scope(SCOPE).firing_until[RULE] = time.now() + timedelta(hours=1)
    proof = control(monitoring, time)
    assert not proof.proven
    assert proof.at is None
    assert muted(monitoring) is True
    assert quiet(monitoring, time, good(time)).at is None


def test_what_was_delivered_before_the_breach_does_not_count(monitoring: MemoryMonitoring, time: Time) -> None:
    first = control(monitoring, time)
    for route in ("pager", "quiet"):
        monitoring._scope(SCOPE).received[route].append(Delivery(RULE, time.now()))
    time.pause(60)
    monitoring.deaf = {"quiet"}
    proof = quiet(monitoring, time, first)
    assert (proof.pager, proof.quiet) == ((), ())


def test_another_rules_notification_is_not_the_quiet_routes_answer(monitoring: MemoryMonitoring, time: Time) -> None:
    first = control(monitoring, time)

    class Crowded(MemoryMonitoring):
        def deliveries(self, scope: str, route: Route) -> Sequence[Delivery]:
            others = (Delivery("another", self._clock()), Delivery(RULE, self._clock(), "ok"))
            found = super().deliveries(scope, route)
            return [*others, *found] if route == "quiet" and self._scope(scope).breaches else found

    crowded = with_a_rule(Crowded(clock=time.now))
    crowded.deaf = {"quiet"}
    proof = quiet(crowded, time, first)
    assert not proof.proven
    assert proof.quiet
    assert proof.delay_seconds is None


def test_an_interrupted_control_leaves_the_pager_muted(time: Time) -> None:
    class Interrupted(MemoryMonitoring):
        def breach(self, scope: str, rule: str) -> datetime:
            assert muted(self) is False
            raise KeyboardInterrupt

    monitoring = with_a_rule(Interrupted(clock=time.now))
    with pytest.raises(KeyboardInterrupt):
        control(monitoring, time)
    assert muted(monitoring) is True


def test_muting_is_tried_again_when_the_server_is_away_for_a_moment(time: Time) -> None:
    class Flaky(MemoryMonitoring):
        failures = 2

        def mute(self, scope: str, rule: str, route: Route, *, muted: bool) -> None:
            if muted and self.failures:
                self.failures -= 1
                raise Unreachable("CloudWatch", "http://127.0.0.1:1")
            super().mute(scope, rule, route, muted=muted)

    monitoring = with_a_rule(Flaky(clock=time.now))
    assert control(monitoring, time).proven
    assert muted(monitoring) is True


def test_a_pager_that_stays_unmuted_is_an_error_that_names_the_rule(time: Time) -> None:
    class Stuck(MemoryMonitoring):
        def mute(self, scope: str, rule: str, route: Route, *, muted: bool) -> None:
            if not muted:
                super().mute(scope, rule, route, muted=muted)

    with pytest.raises(ProviderFailed) as failed:
        control(with_a_rule(Stuck(clock=time.now)), time)
    assert f"rule {RULE}" in failed.value.where
    assert failed.value.remedy
