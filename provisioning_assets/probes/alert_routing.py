"""The routing proof: a rule reaches the pager when it is unmuted there, and only the quiet route when it is muted.

Silence proves something only beside a control: the same breach of the same rule, seen to reach the pager, shows
how long a notification takes here. `prove_control` is that run, and `prove_quiet` needs its result.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from provisioning_assets.backends.monitoring import EVALUATOR, ROUTES, Delivery, Monitoring, Route
from provisioning_assets.core.plan import Attributes
from provisioning_assets.errors import NotConverged, ProviderFailed, ProvisioningError
from provisioning_assets.probes.routing_proofs import Control, Quiet

LEAST_SILENCE = 5.0
"""Shortest time in seconds for which the pager is watched, however fast the control was."""

POLL = 0.2
WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock in seconds, and a way to wait; a test brings its own."""

    now: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


CLOCK = Clock()


def prove_control(
    monitoring: Monitoring, scope: str, rule: str, within: timedelta = WITHIN, clock: Clock = CLOCK
) -> Control:
    """Breach the rule with the pager unmuted and wait for its delivery probe; always mute the pager again.

    A pager that somebody else unmuted is left alone, and nothing is proven. `within` bounds the whole run.
    `ProviderFailed` when the pager could not be muted again.
    """
    end = clock.now() + within.total_seconds()
    evaluator, live = str(monitoring.identity()[EVALUATOR]), monitoring.read(scope)
    obstacles = [*_obstacles(live, rule, "pager"), *_armed(live, rule)]
    if obstacles:
        return Control(rule, evaluator, f"not run: {'; '.join(obstacles)}")
    unsettled = _unsettled(monitoring, scope, rule, ("pager",), end, clock)
    if unsettled:
        return Control(rule, evaluator, f"not run: {unsettled}")
    pager: list[Delivery] = []
    with _unmuted(monitoring, scope, rule):
        _drain(monitoring, scope, "pager")
        at, began = monitoring.breach(scope, rule), clock.now()
        while clock.now() < end:
            pager.extend(monitoring.deliveries(scope, "pager"))
            if _reached(pager, rule):
                delay = round(clock.now() - began, 3)
                summary = f"{rule} reached the pager {delay:.1f} s after the breach, evaluated by {evaluator}"
                return Control(rule, evaluator, summary, at, delay, tuple(pager))
            clock.pause(POLL)
        state = _state(monitoring, scope, rule, "pager")
    summary = f"the pager got nothing within {within.total_seconds():.0f} s; {rule} is {state} there"
    return Control(rule, evaluator, summary, at, pager=tuple(pager))


def prove_quiet(
    monitoring: Monitoring,
    scope: str,
    rule: str,
    control: Control | None,
    within: timedelta = WITHIN,
    clock: Clock = CLOCK,
) -> Quiet:
    """Breach the rule with the pager muted: the quiet route must get it, the pager must not.

    The pager is watched for twice the control's delay, for at least `LEAST_SILENCE`, and for one more delay after the
    rule was seen to fire for the pager and to reach the quiet route. An unmuted pager is never muted here: whoever
    unmuted it wants to be called.
    """
    end = clock.now() + within.total_seconds()
    evaluator, live = str(monitoring.identity()[EVALUATOR]), monitoring.read(scope)
    obstacles = [*_doubts(control, evaluator), *_obstacles(live, rule, *ROUTES), *_armed(live, rule)]
    if control is None or control.delay_seconds is None or obstacles:
        return Quiet(rule, evaluator, proven=False, summary=f"not run: {'; '.join(obstacles)}", control=control)
    unsettled = _unsettled(monitoring, scope, rule, ROUTES, end, clock)
    if unsettled:
        return Quiet(rule, evaluator, proven=False, summary=f"not run: {unsettled}", control=control)
    for route in ROUTES:
        _drain(monitoring, scope, route)
    at, watch = monitoring.breach(scope, rule), _Watch(rule, control.delay_seconds, clock.now())
    while clock.now() < end and not watch.over(clock.now()):
        watch.look(monitoring, scope, clock)
        clock.pause(POLL)
    watch.pager.extend(monitoring.deliveries(scope, "pager"))
    silent = clock.now() - watch.began
    problems = watch.problems(clock.now())
    if not _muted(monitoring.read(scope), rule):
        problems.append(f"the pager of {rule} was unmuted during the proof")
    compared = f"for {silent:.1f} s (control: {control.delay_seconds:.1f} s)"
    summary = f"{rule} reached the quiet route and not the pager, watched {compared}"
    return Quiet(
        rule, evaluator, not problems, "; ".join(problems) or summary, control, at,
        watch.since(watch.reached), watch.since(watch.fired), round(silent, 3), tuple(watch.pager), tuple(watch.quiet),
    )  # fmt: skip


@dataclass(slots=True)
class _Watch:
    """What both routes have done since the breach, in the clock's time."""

    rule: str
    control_delay: float
    began: float
    fired: float | None = None
    reached: float | None = None
    pager: list[Delivery] = field(default_factory=list)
    quiet: list[Delivery] = field(default_factory=list)

    def look(self, monitoring: Monitoring, scope: str, clock: Clock) -> None:
        self.pager.extend(monitoring.deliveries(scope, "pager"))
        if self.reached is None:
            self.quiet.extend(monitoring.deliveries(scope, "quiet"))
            self.reached = clock.now() if _reached(self.quiet, self.rule) else None
        if self.fired is None and _state(monitoring, scope, self.rule, "pager") == "firing":
            self.fired = clock.now()

    def since(self, moment: float | None) -> float | None:
        return None if moment is None else round(moment - self.began, 3)

    def over(self, now: float) -> bool:
        if self.pager:
            return True
        if self.reached is None or self.fired is None:
            return False
        window = max(2 * self.control_delay, LEAST_SILENCE)
        return now >= max(self.began + window, max(self.reached, self.fired) + self.control_delay)

    def problems(self, now: float) -> list[str]:
        problems = []
        if self.pager:
            named = ", ".join(sorted({delivery.rule for delivery in self.pager}))
            problems.append(f"the pager got {named} although it is muted")
        elif self.fired is None:
            problems.append(f"{self.rule} never fired for the pager: its silence proves nothing")
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
        return [f"the control was evaluated by {control.evaluator}, rules here by {evaluator}"]
    return []


def _obstacles(live: Mapping[str, Attributes], rule: str, *routes: Route) -> list[str]:
    """Why these routes could be silent for a reason other than being muted."""
    obstacles = []
    for name in routes:
        if name not in _routes(live, rule):
            obstacles.append(f"no rule {rule} that notifies {name} is live")
        route = live.get(f"route {name}", {})
        if not (route.get("delivers") and route.get("observed")):
            told = "; ".join(route.get("otherwise") or ["it does not exist"])
            obstacles.append(f"nobody sees what route {name} delivers: {told}")
    return obstacles


def _routes(live: Mapping[str, Attributes], rule: str) -> Mapping[str, Mapping[str, object]]:
    found: Mapping[str, Mapping[str, object]] = live.get(f"rule {rule}", {}).get("routes", {})
    return found


def _muted(live: Mapping[str, Attributes], rule: str) -> bool:
    return _routes(live, rule).get("pager", {}).get("muted") is True


def _armed(live: Mapping[str, Attributes], rule: str) -> list[str]:
    """That the pager is armed, perhaps on purpose: then a drill may neither mute it nor call a person."""
    armed = "pager" in _routes(live, rule) and not _muted(live, rule)
    return [f"the pager of {rule} is not muted: a breach would call somebody"] if armed else []


def _state(monitoring: Monitoring, scope: str, rule: str, route: Route) -> str:
    return monitoring.firing(scope).get(rule, {}).get(route, "gone")


def _unsettled(
    monitoring: Monitoring, scope: str, rule: str, routes: Sequence[Route], end: float, clock: Clock
) -> str | None:
    """Wait until the rule is ok, so that a breach is a transition; return its state when it never is."""
    while True:
        states = monitoring.firing(scope).get(rule, {})
        waiting = [f"{states.get(route, 'gone')} ({route})" for route in routes if states.get(route) != "ok"]
        if not waiting:
            return None
        if clock.now() >= end:
            return f"{rule} is {', '.join(waiting)}, not ok: a breach would be no transition"
        clock.pause(POLL)


@contextmanager
def _unmuted(monitoring: Monitoring, scope: str, rule: str) -> Iterator[None]:
    try:
        monitoring.mute(scope, rule, "pager", muted=False)
        yield
    finally:
        _mute(monitoring, scope, rule)


def _mute(monitoring: Monitoring, scope: str, rule: str) -> None:
    """Mute the pager, and read back that it is muted."""
    try:
        for attempt in Retrying(
            stop=stop_after_attempt(3), retry=retry_if_exception_type(ProvisioningError), reraise=True
        ):
            with attempt:
                monitoring.mute(scope, rule, "pager", muted=True)
                if not _muted(monitoring.read(scope), rule):
                    raise NotConverged("it still reads as unmuted")
    except ProvisioningError as error:
        raise ProviderFailed(
            f"the pager could not be muted after the control: {rule} may call a person",
            where=f"rule {rule} of {scope}",
            cause=str(error),
            remedy="mute the rule's pager by hand, then apply monitoring again",
        ) from error


def _drain(monitoring: Monitoring, scope: str, route: Route) -> None:
    """Discard deliveries from before the breach. The rule is ok by now, so no more of them arrive."""
    while monitoring.deliveries(scope, route):
        pass


def _reached(deliveries: Sequence[Delivery], rule: str) -> bool:
    return any(delivery.rule == rule and delivery.state == "firing" for delivery in deliveries)
