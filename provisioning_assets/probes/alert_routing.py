"""The routing proof: an alarm reaches the pager when paging is on, and only the quiet route when it is off.

Silence proves something only beside a control: the same breach of the same alarm, seen to reach the pager,
says how long a notification takes here. `prove_control` is that run, `prove_quiet` rests on it.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from provisioning_assets.backends.monitoring import ROUTES, Delivery, Monitoring, Route
from provisioning_assets.core.plan import Attributes
from provisioning_assets.errors import NotConverged, ProviderFailed, ProvisioningError
from provisioning_assets.probes.routing_proofs import Control, Quiet

LEAST_SILENCE = 5.0
"""Seconds for which the pager is watched at least, however fast the control was."""

POLL = 0.2
WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds that pass, and a way to let them."""

    now: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


CLOCK = Clock()


def prove_control(
    monitoring: Monitoring, scope: str, alarm: str, within: timedelta = WITHIN, clock: Clock = CLOCK
) -> Control:
    """Breach the alarm with paging on and wait for the pager's tap; paging is off again in any case.

    Paging that somebody switched on is left alone, and nothing is proven. `within` bounds the whole run.
    `ProviderFailed` when paging could not be switched off again.
    """
    end = clock.now() + within.total_seconds()
    evaluator = monitoring.evaluator()
    live = monitoring.read(scope)
    obstacles = [*_obstacles(live, alarm, "pager"), *_armed(live, alarm)]
    if obstacles:
        return Control(alarm, evaluator, f"not run: {'; '.join(obstacles)}")
    unsettled = _unsettled(monitoring, scope, (f"{alarm}-pager",), end, clock)
    if unsettled:
        return Control(alarm, evaluator, f"not run: {unsettled}")
    pager: list[Delivery] = []
    with _paging_on(monitoring, scope, alarm):
        _drain(monitoring, scope, "pager")
        at, began = monitoring.breach(scope, alarm), clock.now()
        while clock.now() < end:
            pager.extend(monitoring.deliveries(scope, "pager"))
            if _reached(pager, f"{alarm}-pager"):
                delay = round(clock.now() - began, 3)
                summary = f"{alarm} reached the pager {delay:.1f} s after the breach, evaluated by {evaluator}"
                return Control(alarm, evaluator, summary, at, delay, tuple(pager))
            clock.pause(POLL)
        state = monitoring.alarm_states(scope).get(f"{alarm}-pager", "gone")
    summary = f"the pager got nothing within {within.total_seconds():.0f} s; {alarm}-pager is {state}"
    return Control(alarm, evaluator, summary, at, pager=tuple(pager))


def prove_quiet(
    monitoring: Monitoring,
    scope: str,
    alarm: str,
    control: Control | None,
    within: timedelta = WITHIN,
    clock: Clock = CLOCK,
) -> Quiet:
    """Breach the alarm with paging off: the quiet tap must get it, the pager's must not.

    The pager is watched for twice the control's delay, for `LEAST_SILENCE` at least, and for one more
    delay after both the pager's alarm and the quiet route were seen to react. Paging that is on is never
    switched off here: whoever switched it on wants to be called.
    """
    end = clock.now() + within.total_seconds()
    evaluator, live = monitoring.evaluator(), monitoring.read(scope)
    obstacles = [*_doubts(control, evaluator), *_obstacles(live, alarm, *ROUTES), *_armed(live, alarm)]
    if control is None or control.delay_seconds is None or obstacles:
        return Quiet(alarm, evaluator, proven=False, summary=f"not run: {'; '.join(obstacles)}", control=control)
    unsettled = _unsettled(monitoring, scope, (f"{alarm}-pager", f"{alarm}-quiet"), end, clock)
    if unsettled:
        return Quiet(alarm, evaluator, proven=False, summary=f"not run: {unsettled}", control=control)
    for route in ROUTES:
        _drain(monitoring, scope, route)
    at, watch = monitoring.breach(scope, alarm), _Watch(control.delay_seconds, clock.now())
    while clock.now() < end and not watch.over(clock.now()):
        watch.look(monitoring, scope, alarm, clock)
        clock.pause(POLL)
    watch.pager.extend(monitoring.deliveries(scope, "pager"))
    silent = clock.now() - watch.began
    problems = watch.problems(alarm, clock.now())
    if monitoring.read(scope).get(f"alarm {alarm}-pager", {}).get("paging") is not False:
        problems.append(f"paging of {alarm}-pager was switched on during the proof")
    compared = f"for {silent:.1f} s (control: {control.delay_seconds:.1f} s)"
    summary = f"{alarm} reached the quiet route and not the pager, watched {compared}"
    return Quiet(
        alarm, evaluator, not problems, "; ".join(problems) or summary, control, at,
        None if watch.reached is None else round(watch.reached - watch.began, 3), round(silent, 3),
        tuple(watch.pager), tuple(watch.quiet),
    )  # fmt: skip


@dataclass(slots=True)
class _Watch:
    """What both routes did since the breach; times are the clock's."""

    control_delay: float
    began: float
    fired: float | None = None
    reached: float | None = None
    pager: list[Delivery] = field(default_factory=list)
    quiet: list[Delivery] = field(default_factory=list)

    def look(self, monitoring: Monitoring, scope: str, alarm: str, clock: Clock) -> None:
        self.pager.extend(monitoring.deliveries(scope, "pager"))
        if self.reached is None:
            self.quiet.extend(monitoring.deliveries(scope, "quiet"))
            self.reached = clock.now() if _reached(self.quiet, f"{alarm}-quiet") else None
        if self.fired is None and monitoring.alarm_states(scope).get(f"{alarm}-pager") == "ALARM":
            self.fired = clock.now()

    def over(self, now: float) -> bool:
        if self.pager:
            return True
        if self.reached is None or self.fired is None:
            return False
        window = max(2 * self.control_delay, LEAST_SILENCE)
        return now >= max(self.began + window, max(self.reached, self.fired) + self.control_delay)

    def problems(self, alarm: str, now: float) -> list[str]:
        problems = []
        if self.pager:
            named = ", ".join(sorted({delivery.alarm for delivery in self.pager}))
            problems.append(f"the pager got {named} although paging is off")
        elif self.fired is None:
            problems.append(f"{alarm}-pager never went into ALARM: the pager's silence proves nothing")
        if self.reached is None:
            problems.append("the quiet route got nothing")
        if not (problems or self.over(now)):
            problems.append(f"the time allowed ended after {now - self.began:.1f} s of silence: too short")
        return problems


def _doubts(control: Control | None, evaluator: str) -> list[str]:
    if control is None:
        return ["no control run: silence alone proves nothing"]
    if not control.proven:
        return [f"the control did not reach the pager: {control.summary}"]
    if control.evaluator != evaluator:
        return [f"the control was evaluated by {control.evaluator}, alarms here by {evaluator}"]
    return []


def _obstacles(live: Mapping[str, Attributes], alarm: str, *routes: Route) -> list[str]:
    """Why a silence of these routes would have another reason than paging."""
    obstacles = []
    for route in routes:
        address = f"alarm {alarm}-{route}"
        if address not in live:
            obstacles.append(f"{address} does not exist")
        elif route not in live[address]["actions"]:
            obstacles.append(f"{address} does not notify the {route} topic")
        tap = live.get(f"tap {route}", {})
        if not (f"topic {route}" in live and tap.get("subscribed") and tap.get("allowed")):
            obstacles.append(f"the {route} tap does not receive what its topic sends")
    return obstacles


def _armed(live: Mapping[str, Attributes], alarm: str) -> list[str]:
    """Somebody may have armed the pager on purpose: then no exercise may disarm it, nor call a person."""
    armed = live.get(f"alarm {alarm}-pager", {}).get("paging")
    return [f"paging of {alarm}-pager is on: a breach would call the pager"] if armed else []


def _unsettled(monitoring: Monitoring, scope: str, alarms: Sequence[str], end: float, clock: Clock) -> str | None:
    """Wait until the alarms are OK, so that a breach is a transition; what they are when they do not get there."""
    while True:
        states = monitoring.alarm_states(scope)
        waiting = [f"{name} is {states.get(name, 'gone')}" for name in alarms if states.get(name) != "OK"]
        if not waiting:
            return None
        if clock.now() >= end:
            return f"{', '.join(waiting)}, not OK: a breach would be no transition"
        clock.pause(POLL)


@contextmanager
def _paging_on(monitoring: Monitoring, scope: str, alarm: str) -> Iterator[None]:
    try:
        monitoring.set_paging(scope, alarm, enabled=True)
        yield
    finally:
        _switch_off(monitoring, scope, alarm)


def _switch_off(monitoring: Monitoring, scope: str, alarm: str) -> None:
    """Switch paging off and read back that it is."""
    try:
        for attempt in Retrying(
            stop=stop_after_attempt(3), retry=retry_if_exception_type(ProvisioningError), reraise=True
        ):
            with attempt:
                monitoring.set_paging(scope, alarm, enabled=False)
                if monitoring.read(scope)[f"alarm {alarm}-pager"]["paging"] is not False:
                    raise NotConverged("its actions still read as enabled")
    except (ProvisioningError, KeyError) as error:
        raise ProviderFailed(
            f"paging could not be switched off after the control: {alarm}-pager may call a person",
            where=f"{scope}-{alarm}-pager",
            cause=str(error),
            remedy="switch the alarm's actions off by hand, then apply monitoring again",
        ) from error


def _drain(monitoring: Monitoring, scope: str, route: Route) -> None:
    """Drop what came before the breach. The alarms are OK by now, so that it comes to an end."""
    while monitoring.deliveries(scope, route):
        pass


def _reached(deliveries: Sequence[Delivery], alarm: str) -> bool:
    return any(delivery.alarm == alarm and delivery.state == "ALARM" for delivery in deliveries)
