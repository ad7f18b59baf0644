"""Monitoring in memory, which evaluates its own alarms: for tests and for trying an engagement out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from provisioning_assets.backends.monitoring import ROUTES, Delivery, Route
from provisioning_assets.backends.monitoring.cloudwatch.widgets import widgets
from provisioning_assets.core.plan import Action, Attributes, Change
from provisioning_assets.errors import ProviderFailed


def _wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class _Scope:
    held: dict[str, Attributes] = field(default_factory=dict)
    breaches: list[tuple[datetime, str]] = field(default_factory=list)
    """When, of which probe; not evaluated yet."""
    alarm_until: dict[str, datetime] = field(default_factory=dict)
    received: dict[str, list[Delivery]] = field(default_factory=lambda: {route: [] for route in ROUTES})


class MemoryMonitoring:
    """Monitoring of a `region` in this process. Probes are healthy; `reaction` passes before an alarm sees a breach.

    What goes wrong in the field is a switch: `ignores_paging`, `deaf` routes, `evaluating`.
    """

    def __init__(
        self,
        region: str = "memory",
        *,
        clock: Callable[[], datetime] = _wall_clock,
        reaction: timedelta = timedelta(seconds=1),
    ) -> None:
        self.region = region
        self.reaction = reaction
        self.ignores_paging = False
        """Alarms notify although their actions are switched off."""
        self.deaf: set[Route] = set()
        """Routes whose notifications are lost."""
        self.evaluating = True
        self._clock = clock
        self._scopes: dict[str, _Scope] = {}

    def read(self, scope: str) -> Mapping[str, Attributes]:
        """See `Monitoring`."""
        return dict(self._scope(scope).held)

    def write(self, scope: str, changes: Sequence[Change]) -> None:
        """See `Monitoring`."""
        held = self._scope(scope).held
        for change in changes:
            if change.action is Action.DELETE:
                held.pop(change.address, None)
            else:
                held[change.address] = dict(change.after or {})

    def evaluator(self) -> str:
        """See `Monitoring`."""
        return "memory"

    def breach(self, scope: str, alarm: str) -> datetime:
        """See `Monitoring`."""
        self._evaluate(scope)
        now = self._clock()
        self._scope(scope).breaches.append((now, self._alarm(scope, f"{alarm}-pager")["probe"]))
        return now

    def deliveries(self, scope: str, route: Route) -> Sequence[Delivery]:
        """See `Monitoring`."""
        self._evaluate(scope)
        if f"tap {route}" not in self._scope(scope).held:
            raise ProviderFailed(f"there is no {route} tap", where=scope, remedy="apply monitoring first")
        received = self._scope(scope).received
        taken, received[route] = received[route], []
        return tuple(taken)

    def alarm_states(self, scope: str) -> Mapping[str, str]:
        """See `Monitoring`."""
        self._evaluate(scope)
        until, now = self._scope(scope).alarm_until, self._clock()
        return {name: "ALARM" if name in until and now < until[name] else "OK" for name in self._alarms(scope)}

    def set_paging(self, scope: str, alarm: str, *, enabled: bool) -> None:
        """See `Monitoring`."""
        self._evaluate(scope)
        attributes = self._alarm(scope, f"{alarm}-pager")
        self._scope(scope).held[f"alarm {alarm}-pager"] = {**attributes, "paging": enabled}

    def widget_data(self, scope: str, dashboard: str) -> Mapping[str, int]:
        """See `Monitoring`. A healthy probe's metric has a data point a minute; nothing else has any."""
        held = self._scope(scope).held
        if f"dashboard {dashboard}" not in held:
            raise ProviderFailed(f"there is no dashboard {dashboard}", where=scope, remedy="apply monitoring first")
        probes = {address.removeprefix("probe ") for address in held if address.startswith("probe ")}

        def points(query: Mapping[str, Attributes]) -> int:
            dimensions = query["MetricStat"]["Metric"]["Dimensions"] if "MetricStat" in query else []
            return 15 if any(each["Name"] == "Probe" and each["Value"] in probes for each in dimensions) else 0

        return {
            f"{widget.title}: {query['Label']}" if len(widget.metrics) > 1 else widget.title: points(query)
            for widget in widgets(held[f"dashboard {dashboard}"]["body"])
            for query in widget.metrics or ({},)
        }

    def _scope(self, scope: str) -> _Scope:
        return self._scopes.setdefault(scope, _Scope())

    def _alarms(self, scope: str) -> dict[str, Attributes]:
        held = self._scope(scope).held.items()
        return {address.removeprefix("alarm "): alarm for address, alarm in held if address.startswith("alarm ")}

    def _alarm(self, scope: str, name: str) -> Attributes:
        alarms = self._alarms(scope)
        if name not in alarms:
            raise ProviderFailed(f"there is no alarm {name}", where=scope, remedy="apply monitoring first")
        return alarms[name]

    def _evaluate(self, scope: str) -> None:
        """Let every breach that is due turn its alarms, and notify on the way from OK to ALARM."""
        of_scope = self._scope(scope)
        due = [each for each in of_scope.breaches if self.evaluating and each[0] + self.reaction <= self._clock()]
        for breach in due:
            of_scope.breaches.remove(breach)
            seen = breach[0] + self.reaction
            for name, alarm in self._alarms(scope).items():
                if alarm["probe"] != breach[1]:
                    continue
                if name not in of_scope.alarm_until or of_scope.alarm_until[name] <= seen:
                    self._notify(of_scope, name, alarm, seen)
                of_scope.alarm_until[name] = seen + timedelta(seconds=alarm["period"] * alarm["periods"])

    def _notify(self, of_scope: _Scope, name: str, alarm: Attributes, at: datetime) -> None:
        if not (alarm["paging"] or self.ignores_paging):
            return
        for route in alarm["actions"]:
            tap = of_scope.held.get(f"tap {route}", {})
            if route not in self.deaf and tap.get("subscribed") and tap.get("allowed"):
                of_scope.received[route].append(Delivery(name, at))
