"""A routing proof over monitoring in memory, in a time that passes when somebody pauses."""

from datetime import UTC, datetime, timedelta

from provisioning_assets.probes.alert_routing import Clock, prove_control, prove_quiet
from provisioning_assets.probes.routing_proofs import Control, Quiet
from tests.fakes.monitoring import MemoryMonitoring
from tests.support.monitored import ROUTED, RULE, bring_about, rule

SCOPE = "demo_shop-staging"
WITHIN = timedelta(seconds=60)


class Time:
    """Seconds since a Monday, for a `Clock` and as the time of day."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.clock = Clock(now=lambda: self.seconds, pause=self.pause)

    def now(self) -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def pause(self, seconds: float) -> None:
        self.seconds += seconds


def with_a_rule(monitoring: MemoryMonitoring, **changes: object) -> MemoryMonitoring:
    bring_about(monitoring, SCOPE, ROUTED | {f"rule {RULE}": rule(**changes)})
    return monitoring


def control(monitoring: MemoryMonitoring, time: Time) -> Control:
    return prove_control(monitoring, SCOPE, RULE, WITHIN, time.clock)


def quiet(monitoring: MemoryMonitoring, time: Time, beside: Control | None, within: timedelta = WITHIN) -> Quiet:
    return prove_quiet(monitoring, SCOPE, RULE, beside, within, time.clock)


def good(time: Time) -> Control:
    return Control(RULE, "memory", "", time.now(), 1.0)


def muted(monitoring: MemoryMonitoring) -> object:
    return monitoring.read(SCOPE)[f"rule {RULE}"]["routes"]["pager"]["muted"]
