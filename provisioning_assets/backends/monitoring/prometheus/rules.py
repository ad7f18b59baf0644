"""Rules: an alerting rule for each route, told apart by the label `route`, in one file of each scope."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from provisioning_assets.backends.monitoring import ROUTES, Route, State
from provisioning_assets.backends.monitoring.attributes import agreed
from provisioning_assets.backends.monitoring.prometheus import alerts
from provisioning_assets.backends.monitoring.prometheus.alerts import Rule, named, route_of
from provisioning_assets.backends.monitoring.prometheus.condition import understood
from provisioning_assets.backends.monitoring.prometheus.evaluator import Evaluator
from provisioning_assets.backends.monitoring.prometheus.folder import Folder, ours
from provisioning_assets.backends.monitoring.prometheus.routes import Routes
from provisioning_assets.backends.monitoring.prometheus.silences import Silence, Silences, covering, doubts
from provisioning_assets.core.plan import Attributes, Json
from provisioning_assets.errors import ProviderFailed

_Notified = Mapping[str, list[tuple[Rule, list[Silence]]]]
"""Route to what notifies it, and what silences that."""


class Rules:
    """What has the label `scope`, and whatever else lies in the file `rules/<scope>.yml`."""

    def __init__(self, evaluator: Evaluator, folder: Folder, routes: Routes, silences: Silences) -> None:
        self._evaluator = evaluator
        self._folder = folder
        self._routes = routes
        self._silences = silences

    def read(self, scope: str) -> dict[str, Attributes]:
        """Rule to attributes."""
        live = self._live(scope)
        if not live:
            return {}
        everywhere = self._evaluator.settings().get("external_labels") or {}
        silences, routed = self._silences.in_force(), self._routes.routed()
        found = {}
        for name, rules in live.items():
            notified: dict[str, list[tuple[Rule, list[Silence]]]] = defaultdict(list)
            for rule in rules:
                labels = {**everywhere, **alerts.labels(scope, rule)}
                for route in routed(labels):
                    notified[route].append((rule, covering(silences, labels)))
            found[name] = self._attributes(scope, name, rules, notified)
        return found

    def put(self, scope: str, wanted: Mapping[str, Attributes]) -> None:
        """Write the scope's file with these rules in it; what is to be muted is so before it can fire."""
        for name, attributes in wanted.items():
            for route, settings in attributes["routes"].items():
                if settings["muted"]:
                    self._silences.mute(named(scope, name, route))
        live, file = self._live(scope), self._folder.rules(scope).name
        new = {
            name: attributes
            for name, attributes in wanted.items()
            if not alerts.are_written(live.get(name, []), scope, name, attributes, file)
        }
        if new:
            written = [each for name, attributes in new.items() for each in alerts.written(scope, name, attributes)]
            self._write(scope, written, instead_of=new)
        for name, attributes in wanted.items():
            for route in ROUTES:
                this = named(scope, name, route)
                if route not in attributes["routes"]:
                    self._silences.forget(this)
                elif not attributes["routes"][route]["muted"]:
                    self._silences.lift({**this, "probe": attributes["probe"]}, this)

    def delete(self, scope: str, names: Iterable[str]) -> None:
        """Write the scope's file without these rules."""
        names = list(names)
        own, live = self._folder.rules(scope).name, self._live(scope)
        for rule in (rule for name in names for rule in live.get(name, []) if rule["file"] != own):
            raise ProviderFailed(
                f"the rule {rule['name']} is of this scope, and not in our file",
                where=f"{rule['file']}, as Prometheus loaded it",
                remedy="take it out there, or give it another label `scope`",
            )
        self._write(scope, [], instead_of=names)
        for this in (named(scope, name, route) for name in names for route in ROUTES):
            self._silences.forget(this)

    def mute(self, scope: str, rule: str, route: Route, *, muted: bool) -> None:
        """Silence the rule on the route, or end what silences it."""
        if route not in self.read(scope).get(rule, {}).get("routes", {}):
            raise _missing(f"there is no rule {rule} for the route {route}", scope)
        this = named(scope, rule, route)
        if muted:
            self._silences.mute(this)
        for each in self._live(scope)[rule] if not muted else []:
            if route_of(each) == route:
                self._silences.lift(alerts.labels(scope, each), this)

    def probe(self, scope: str, rule: str) -> tuple[str, int]:
        """What a live rule watches, the pager's before others; and the seconds for which that must fail."""
        rules = sorted(self._live(scope).get(rule, []), key=lambda each: route_of(each) != "pager")
        if not rules:
            raise _missing(f"there is no rule {rule}", scope)
        probe, period, condition = understood(str(rules[0]["query"]), scope)
        if probe is None or period is None:
            raise _missing(f"the rule {rule} watches no probe of ours: {condition}", scope)
        return probe, period + round(rules[0]["duration"])

    def firing(self, scope: str) -> dict[str, dict[Route, State]]:
        """Rule to the state of each route's alerting rule."""
        return {
            name: {route: alerts.state(rule) for route in ROUTES for rule in rules if route_of(rule) == route}
            for name, rules in self._live(scope).items()
        }

    def _live(self, scope: str) -> dict[str, list[Rule]]:
        own, found = self._folder.rules(scope).name, defaultdict[str, list[Rule]](list)
        for rule in self._evaluator.rules():
            if rule["file"] == own or rule.get("labels", {}).get("scope") == scope:
                found[rule["name"]].append(rule)
        return dict(found)

    def _write(self, scope: str, rules: list[dict[str, Json]], *, instead_of: Iterable[str]) -> None:
        """The file: these rules, and what is live of others. What lies in it and was never loaded is gone then."""
        file, gone = self._folder.rules(scope), set(instead_of)
        live = [rule for name, rules in self._live(scope).items() if name not in gone for rule in rules]
        kept = [alerts.as_loaded(rule) for rule in live if rule["file"] == file.name]
        everything = sorted([*kept, *rules], key=lambda rule: str(rule.get("alert")))
        text = ours({"groups": [{"name": scope, "rules": everything}]}) if everything else None
        with self._folder.changed(file, text):
            self._evaluator.reload(self._folder.unread_rules())

    def _attributes(self, scope: str, name: str, rules: list[Rule], notified: _Notified) -> Attributes:
        shown = {route_of(rule): rule for rule in rules}
        meant = {route: understood(str(rule["query"]), scope) for route, rule in shown.items()}
        return {
            "probe": agreed({route: probe for route, (probe, _, _) in meant.items()}),
            "period": agreed({route: period for route, (_, period, _) in meant.items()}),
            "periods": agreed({route: alerts.periods(rule, meant[route][1]) for route, rule in shown.items()}),
            "condition": agreed({route: condition for route, (_, _, condition) in meant.items()}),
            "routes": {route: {"muted": all(over for _, over in found)} for route, found in notified.items()},
            "otherwise": [
                *(word for rule in rules for word in alerts.otherwise(scope, rule, self._folder.rules(scope).name)),
                *_astray(rules, notified),
                *_doubtful(scope, name, notified),
            ],
        }


def _astray(rules: list[Rule], notified: _Notified) -> Iterable[str]:
    """Rules that call somebody else, or nobody, or twice."""
    found = [route_of(rule) for rule in rules]
    for route in ROUTES:
        if found.count(route) > 1:
            yield f"there are {found.count(route)} for {route}"
        if route in found and route not in notified:
            yield f"what is of {route} does not notify {route}"
        yield from (
            f"what is of {route_of(rule) or 'no route'} notifies {route}"
            for rule, _ in notified.get(route, ())
            if route_of(rule) != route
        )


def _doubtful(scope: str, name: str, notified: _Notified) -> Iterable[str]:
    now = datetime.now(UTC)
    for route, found in notified.items():
        yield from (f"{route} {why}" for _, over in found for why in doubts(over, named(scope, name, route), now))


def _missing(what: str, scope: str) -> ProviderFailed:
    return ProviderFailed(what, where=f"rules of {scope}", remedy="apply monitoring again")
