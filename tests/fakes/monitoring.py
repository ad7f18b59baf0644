"""Monitoring in memory, which evaluates its own rules, each once for all of its routes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from provisioning_assets.backends.monitoring import EVALUATOR, ROUTES, Delivery, Route, State
from provisioning_assets.core.plan import Action, Attributes, Change, Json
from provisioning_assets.errors import ProviderFailed


def _wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class _Scope:
    held: dict[str, Attributes] = field(default_factory=dict)
    breaches: list[tuple[datetime, str]] = field(default_factory=list)
    """When, of which probe; not evaluated yet."""
    firing_until: dict[str, datetime] = field(default_factory=dict)
    received: dict[str, list[Delivery]] = field(default_factory=lambda: {route: [] for route in ROUTES})


class MemoryMonitoring:
    """Probes are healthy; `reaction` passes before a rule sees a breach. A dashboard is {"panels": [{title, probe}]}.

    What goes wrong in the field is a switch: `ignores_mute`, `deaf` routes, `evaluating`.
    """

    def __init__(
        self, *, clock: Callable[[], datetime] = _wall_clock, reaction: timedelta = timedelta(seconds=1)
    ) -> None:
        self.reaction = reaction
        self.ignores_mute = False
        """Rules notify a route that they are muted on."""
        self.deaf: set[Route] = set()
        """Routes whose notifications are lost."""
        self.evaluating = True
        self._clock = clock
        self._scopes: dict[str, _Scope] = {}

    def reach(self) -> None:
        """It is always there."""

    def identity(self) -> Mapping[str, Json]:
        """Who evaluates."""
        return {EVALUATOR: "memory"}

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

    def mute(self, scope: str, rule: str, route: Route, *, muted: bool) -> None:
        """See `Monitoring`."""
        self._evaluate(scope)
        found = self._rule(scope, rule)
        if route not in found["routes"]:
            raise ProviderFailed(f"{rule} does not notify {route}", where=scope, remedy="apply monitoring first")
        routes = {**found["routes"], route: {"muted": muted}}
        self._scope(scope).held[f"rule {rule}"] = {**found, "routes": routes}

    def breach(self, scope: str, rule: str) -> datetime:
        """See `Monitoring`."""
        self._evaluate(scope)
        now = self._clock()
        self._scope(scope).breaches.append((now, self._rule(scope, rule)["probe"]))
        return now

    def firing(self, scope: str) -> Mapping[str, Mapping[Route, State]]:
        """See `Monitoring`."""
        self._evaluate(scope)
        until, now = self._scope(scope).firing_until, self._clock()
        states: dict[str, State] = {
            name: "firing" if name in until and now < until[name] else "ok" for name in self._rules(scope)
        }
        return {name: dict.fromkeys(rule["routes"], states[name]) for name, rule in self._rules(scope).items()}

    def deliveries(self, scope: str, route: Route) -> Sequence[Delivery]:
        """See `Monitoring`."""
        self._evaluate(scope)
        if f"route {route}" not in self._scope(scope).held:
            raise ProviderFailed(f"nobody watches {route}", where=scope, remedy="apply monitoring first")
        received = self._scope(scope).received
        taken, received[route] = received[route], []
        return tuple(taken)

    def dashboard_data(self, scope: str, dashboard: str) -> Mapping[str, int]:
        """See `Monitoring`. A healthy probe has a data point a minute; nothing else has any."""
        held = self._scope(scope).held
        if f"dashboard {dashboard}" not in held:
            raise ProviderFailed(f"there is no dashboard {dashboard}", where=scope, remedy="apply monitoring first")
        panels = held[f"dashboard {dashboard}"]["body"].get("panels", [])
        return {panel["title"]: 15 if f"probe {panel.get('probe')}" in held else 0 for panel in panels}

    def _scope(self, scope: str) -> _Scope:
        return self._scopes.setdefault(scope, _Scope())

    def _rules(self, scope: str) -> dict[str, Attributes]:
        held = self._scope(scope).held.items()
        return {address.removeprefix("rule "): rule for address, rule in held if address.startswith("rule ")}

    def _rule(self, scope: str, name: str) -> Attributes:
        rules = self._rules(scope)
        if name not in rules:
            raise ProviderFailed(f"there is no rule {name}", where=scope, remedy="apply monitoring first")
        return rules[name]

    def _evaluate(self, scope: str) -> None:
        """Let every breach that is due set its rules off, and notify on the way from ok to firing."""
        of_scope = self._scope(scope)
        due = [each for each in of_scope.breaches if self.evaluating and each[0] + self.reaction <= self._clock()]
        for breach in due:
            of_scope.breaches.remove(breach)
            seen = breach[0] + self.reaction
            for name, rule in self._rules(scope).items():
                if rule["probe"] != breach[1]:
                    continue
                if name not in of_scope.firing_until or of_scope.firing_until[name] <= seen:
                    self._notify(of_scope, name, rule, seen)
                of_scope.firing_until[name] = seen + timedelta(seconds=rule["period"] * rule["periods"])

    def _notify(self, of_scope: _Scope, name: str, rule: Attributes, at: datetime) -> None:
        for route, settings in rule["routes"].items():
            heard = of_scope.held.get(f"route {route}", {}).get("observed") and route not in self.deaf
            if heard and (self.ignores_mute or not settings["muted"]):
                of_scope.received[route].append(Delivery(name, at))
