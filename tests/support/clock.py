"""Time that passes when somebody pauses."""

from datetime import UTC, datetime, timedelta

from provisioning_assets.probes.alert_routing import Clock


class Time:
    """Seconds since a Monday, for a `Clock` and as the time of day."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.clock = Clock(now=lambda: self.seconds, pause=self.pause)

    def now(self) -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def pause(self, seconds: float) -> None:
        self.seconds += seconds
