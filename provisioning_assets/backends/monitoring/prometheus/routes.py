"""Routes: two of Alertmanager's below its root, to the team's receiver and, before it, to our delivery probe."""

from collections.abc import Callable, Iterable, Mapping

from provisioning_assets.backends.monitoring import ROUTES, Route
from provisioning_assets.backends.monitoring.prometheus.evaluator import Evaluator
from provisioning_assets.backends.monitoring.prometheus.folder import Edited, Folder, parsed
from provisioning_assets.backends.monitoring.prometheus.routing import Labels, Matcher, Routing, matchers_of
from provisioning_assets.backends.monitoring.prometheus.server import Server
from provisioning_assets.core.plan import Attributes, Json
from provisioning_assets.errors import ProviderFailed

_GROUPED = ["alertname", "drill"]
"""Each rule by itself, and a drill apart from an outage: neither waits for the other's interval."""
_HIDDEN = "<secret>"
"""What Alertmanager 0.26 and later show instead of a webhook's address."""

DEAF = "Prometheus tells no Alertmanager what fires"


class Routes:
    """Of alerts with the labels `scope` and `route`."""

    def __init__(
        self, evaluator: Evaluator, alertmanager: Server, probe: Server, folder: Folder, receivers: Mapping[str, str]
    ) -> None:
        self._evaluator = evaluator
        self._alertmanager = alertmanager
        self._probe = probe
        self._folder = folder
        self._receivers = receivers

    def read(self, scope: str) -> dict[str, Attributes]:
        """Route to attributes; one of which nothing is left is not there."""
        routing, rules = self._routing(), self._evaluator.rules()
        told = bool(self._evaluator.alertmanagers())
        found: dict[str, Attributes] = {}
        for route in ROUTES:
            if _of(routing.routes, scope, route) or routing.receiver(_probe_name(scope, route)):
                alerts = [{"scope": scope, "route": route}, *_alerts(rules, scope, route)]
                got = [set(routing.receivers(each)) for each in alerts]
                undelivered = [*([] if told else [DEAF]), *self._undelivered(routing, route, got)]
                unobserved = self._unobserved(routing, scope, route, got)
                found[route] = {
                    "delivers": not undelivered,
                    "observed": not unobserved,
                    "otherwise": [*undelivered, *unobserved, *self._astray(routing, scope, route, got)],
                }
        return found

    def put(self, scope: str, wanted: Iterable[str]) -> None:
        """Put ours before all others of the file: no other takes an alert away from them."""
        if len(set(self._receivers.values())) < len(ROUTES):
            raise ProviderFailed(
                f"{self._receivers['pager']} is the receiver of both routes: whoever is called by one is by the other",
                where=str(self._folder.alertmanager),
                remedy="name two of Alertmanager's receivers as `pager` and `quiet` of the monitoring provider",
            )
        self._edit(scope, {route: self._routes(scope, route) for route in wanted})

    def delete(self, scope: str, names: Iterable[str]) -> None:
        """Take ours out of the file."""
        self._edit(scope, {route: [] for route in names})

    def routed(self) -> Callable[[Labels], set[str]]:
        """What says which of our routes' receivers get an alert with these labels."""
        routing, routes = self._routing(), {receiver: route for route, receiver in self._receivers.items()}
        return lambda labels: {routes[each] for each in routing.receivers(labels) if each in routes}

    def observed(self, scope: str, route: Route) -> bool:
        """Whether the route's alerts go to a delivery probe."""
        return _probe_name(scope, route) in self._routing().receivers({"scope": scope, "route": route})

    def _routing(self) -> Routing:
        """What Alertmanager has loaded."""
        config = self._alertmanager.get("/api/v2/status")["config"]["original"]
        return Routing(parsed(config, f"configuration of {self._alertmanager.address}"))

    def _undelivered(self, routing: Routing, route: str, got: Iterable[set[str]]) -> list[str]:
        receiver = self._receivers[route]
        if not routing.notifies(receiver):
            return [f"the receiver {receiver} notifies nobody"]
        return [] if all(receiver in each for each in got) else [f"the receiver {receiver} does not get all its alerts"]

    def _unobserved(self, routing: Routing, scope: str, route: str, got: Iterable[set[str]]) -> list[str]:
        """Why the delivery probe would not get what the receiver gets."""
        name = _probe_name(scope, route)
        if not all(name in each for each in got):
            return ["its delivery probe does not get all its alerts"]
        found, wanted = self._webhooks(routing, name), self._webhook(scope, route)
        as_wanted = [{key: each.get(key) for key in wanted} for each in found] == [wanted]
        return [] if as_wanted else ["its delivery probe is not ours"]

    def _webhooks(self, routing: Routing, name: str) -> list[dict[str, Json]]:
        """Live webhooks of a receiver. An address that the server hides is the file's, which it was loaded from."""
        found = list((routing.receiver(name) or {}).get("webhook_configs") or [])
        if any(each.get("url") == _HIDDEN for each in found):
            in_file = Routing(parsed(self._text(), str(self._folder.alertmanager))).receiver(name) or {}
            hidden = in_file.get("webhook_configs") or []
            if len(found) == len(hidden):  # else the file is not what is loaded
                found = [{**live, "url": filed.get("url")} for live, filed in zip(found, hidden, strict=True)]
        return found

    def _astray(self, routing: Routing, scope: str, route: str, got: Iterable[set[str]]) -> list[str]:
        """Who else gets its alerts, and what else is said of them there."""
        others = set().union(*got) - {_probe_name(scope, route), self._receivers[route]}
        wrong = [f"the receiver {each} gets alerts of it, too" for each in sorted(others)]
        live = [_comparable(each) for each in _of(routing.routes, scope, route)]
        if live != [_comparable(each) for each in self._routes(scope, route)]:
            wrong.append("what Alertmanager does with its alerts is not as written")
        return wrong

    def _routes(self, scope: str, route: str) -> list[dict[str, Json]]:
        matchers = [str(each) for each in sorted(Matcher.exactly({"route": route, "scope": scope}))]
        probe = {"receiver": _probe_name(scope, route), "continue": True}
        return [
            {**each, "matchers": list(matchers), "group_by": list(_GROUPED)}  # lists of its own: YAML would refer back
            for each in (probe, {"receiver": self._receivers[route]})
        ]

    def _webhook(self, scope: str, route: str) -> dict[str, Json]:
        return {"url": f"{self._probe.address}/{scope}/{route}", "send_resolved": True}

    def _edit(self, scope: str, wanted: Mapping[str, list[dict[str, Json]]]) -> None:
        """Put these routes, with their delivery probes, into the place of those that the file has; load it."""
        where = str(self._folder.alertmanager)
        file = Edited(self._text(), where)
        config = file.content
        try:
            routes = config["route"].setdefault("routes", [])
            receivers = config.setdefault("receivers", [])
            known = {each["name"] for each in receivers}
        except (KeyError, TypeError, AttributeError):
            raise ProviderFailed(
                "the file is no configuration of Alertmanager",
                where=where,
                remedy="it is to be the file that Alertmanager was started with, with a route and receivers",
            ) from None
        for route, own in wanted.items():
            if own and self._receivers[route] not in known:
                raise ProviderFailed(
                    f"Alertmanager has no receiver {self._receivers[route]} for the {route} route",
                    where=where,
                    remedy=f"define it there, or name another as `{route}` of the monitoring provider",
                )
            for old in _of(routes, scope, route):
                routes.remove(old)
            receivers[:] = [each for each in receivers if each["name"] != _probe_name(scope, route)]
            routes[:0] = own
            if own:
                receivers.append({"name": _probe_name(scope, route), "webhook_configs": [self._webhook(scope, route)]})
        with self._folder.changed(self._folder.alertmanager, file.text):
            self._alertmanager.reload(f"mend it (amtool check-config {where}), then run again")

    def _text(self) -> str:
        try:
            return self._folder.alertmanager.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ProviderFailed(
                "the configuration of Alertmanager cannot be read",
                where=str(self._folder.alertmanager),
                cause=getattr(error, "strerror", None) or "it is not text",
                remedy="it is to be the file that Alertmanager was started with",
            ) from None


def _probe_name(scope: str, route: str) -> str:
    return f"{scope}-{route}-delivery-probe"


def _alerts(rules: Iterable[Mapping[str, Json]], scope: str, route: str) -> Iterable[dict[str, str]]:
    """Labels of what is live on a route: another's route may ask for the name of one."""
    for rule in rules:
        labels = rule.get("labels", {})
        if (labels.get("scope"), labels.get("route")) == (scope, route):
            yield {"alertname": rule["name"], **labels}


def _of(routes: Iterable[Mapping[str, Json]], scope: str, route: str) -> list[Mapping[str, Json]]:
    """Those that are of exactly these alerts."""
    wanted = Matcher.exactly({"route": route, "scope": scope})
    return [each for each in routes if matchers_of(each) == wanted]


def _comparable(route: Mapping[str, Json]) -> dict[str, Json]:
    told = {key: value for key, value in route.items() if value}
    return {**told, "matchers": matchers_of(route), "group_by": sorted(route.get("group_by") or [])}
