"""Prometheus and Alertmanager, as one product: what is declared goes into files, what is live comes from APIs."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, Self

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.monitoring import EVALUATOR, Delivery, Route, State
from provisioning_assets.backends.monitoring.attributes import kind_and_name
from provisioning_assets.backends.monitoring.prometheus.consoles import Consoles
from provisioning_assets.backends.monitoring.prometheus.deliveries import Deliveries
from provisioning_assets.backends.monitoring.prometheus.drills import Drills
from provisioning_assets.backends.monitoring.prometheus.evaluator import Evaluator
from provisioning_assets.backends.monitoring.prometheus.folder import Folder
from provisioning_assets.backends.monitoring.prometheus.probes import Probes
from provisioning_assets.backends.monitoring.prometheus.routes import DEAF, Routes
from provisioning_assets.backends.monitoring.prometheus.rules import Rules
from provisioning_assets.backends.monitoring.prometheus.server import Server
from provisioning_assets.backends.monitoring.prometheus.silences import Silences
from provisioning_assets.backends.monitoring.settings import Prometheus as Settings
from provisioning_assets.core.plan import Action, Attributes, Change, Json, diff
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ApplyFailed, ProviderFailed

_SHOWN_WITHIN = 30
"""Seconds until Prometheus shows what it read: it takes up targets and Alertmanagers every five, twice in a row."""


class _Part(Protocol):
    """What stands behind one kind of address; each has one file, so that several changes are one reload."""

    def read(self, scope: str) -> Mapping[str, Attributes]: ...

    def put(self, scope: str, wanted: Mapping[str, Attributes]) -> None: ...

    def delete(self, scope: str, names: Iterable[str]) -> None: ...


class _NoLogs:
    """The signals, which Prometheus has no place for."""

    def read(self, _: str) -> Mapping[str, Attributes]:
        return {}

    def put(self, scope: str, wanted: Mapping[str, Attributes]) -> None:
        raise ProviderFailed(
            f"Prometheus keeps no logs: {', '.join(wanted)}",
            where=scope,
            remedy="declare no logs, or choose a monitoring product that keeps them",
        )

    def delete(self, _: str, __: Iterable[str]) -> None: ...


class Prometheus:
    """Monitoring by files and reloads; everything has the label `scope`, and lies in files of that name."""

    def __init__(self, settings: Settings, access: Access) -> None:
        self._evaluator = Evaluator("Prometheus", "PROMETHEUS", settings.address, access)
        self._alertmanager = Server("Alertmanager", "ALERTMANAGER", settings.alertmanager, access)
        pushgateway = Server("Pushgateway", "PUSHGATEWAY", settings.pushgateway, access)
        probe = Server("delivery probe", "DELIVERY_PROBE", settings.delivery_probe, access)
        self._lives = {
            self._evaluator: "/-/ready",
            self._alertmanager: "/-/ready",
            pushgateway: "/-/ready",
            probe: "/",
        }
        self._folder = folder = Folder(access.folder / settings.folder)
        receivers = {"pager": settings.pager, "quiet": settings.quiet}
        self._drills = Drills(self._evaluator, pushgateway)
        self._deliveries = Deliveries(probe)
        self._routes = Routes(self._evaluator, self._alertmanager, probe, folder, receivers)
        self._rules = Rules(self._evaluator, folder, self._routes, Silences(self._alertmanager))
        self._consoles = Consoles(self._evaluator, folder)
        # In the order of writing; deleted the other way round.
        self._parts: dict[str, _Part] = {
            "signal": _NoLogs(),
            "route": self._routes,
            "probe": Probes(self._evaluator, folder, self._drills),
            "rule": self._rules,
            "dashboard": self._consoles,
        }

    @classmethod
    def open(cls, settings: Settings, access: Access) -> Self:
        """The servers of the profile, and the folder that they read."""
        return cls(settings, access)

    def reach(self) -> None:
        """Ask all four, one after the other, for a sign of life."""
        for server, path in self._lives.items():
            server.live(path)

    def identity(self) -> Mapping[str, Json]:
        """Which servers, of which versions."""
        version = self._alertmanager.get("/api/v2/status")["versionInfo"]["version"]
        return {
            "prometheus": f"{self._evaluator.version()} at {self._evaluator.address}",
            "alertmanager": f"{version} at {self._alertmanager.address}",
            EVALUATOR: "Prometheus and Alertmanager",
        }

    def read(self, scope: str) -> Mapping[str, Attributes]:
        """See `Monitoring`. Live is what the servers have loaded, whatever lies in files."""
        self._folder.require()
        return self._read(scope, self._parts)

    def write(self, scope: str, changes: Sequence[Change]) -> None:
        """See `Monitoring`. Back when the servers show it."""
        by_kind: dict[str, list[Change]] = {kind: [] for kind in self._parts}
        for change in changes:
            by_kind[kind_and_name(change)[0]].append(change)
        with self._folder.held():
            for kind, own in by_kind.items():
                wanted = {kind_and_name(each)[1]: each.after or {} for each in own if each.action is not Action.DELETE}
                self._carry_out(kind, scope, wanted, [])
            for kind, own in reversed(by_kind.items()):
                self._carry_out(kind, scope, {}, [kind_and_name(e)[1] for e in own if e.action is Action.DELETE])
        kinds = [kind for kind, own in by_kind.items() if own]
        missing = settle(
            lambda: self._missing(scope, changes, kinds), done=lambda found: not found, within=_SHOWN_WITHIN, every=0.5
        )
        if missing:
            raise ApplyFailed(
                f"written, and not live after {_SHOWN_WITHIN} s: {'; '.join(missing)}",
                where=str(self._folder.root),
                remedy="let Prometheus and Alertmanager read this folder, and see what they logged",
            )

    def mute(self, scope: str, rule: str, route: Route, *, muted: bool) -> None:
        """See `Monitoring`. A silence of Alertmanager's, for sixty days."""
        self._rules.mute(scope, rule, route, muted=muted)

    def breach(self, scope: str, rule: str) -> datetime:
        """See `Monitoring`."""
        probe, lasting = self._rules.probe(scope, rule)
        return self._drills.begin(scope, probe, lasting)

    def firing(self, scope: str) -> Mapping[str, Mapping[Route, State]]:
        """See `Monitoring`."""
        return self._rules.firing(scope)

    def deliveries(self, scope: str, route: Route) -> Sequence[Delivery]:
        """See `Monitoring`."""
        if not self._routes.observed(scope, route):
            raise ProviderFailed(
                f"the delivery probe of the {route} route is gone: nobody can tell what was delivered",
                where=f"Alertmanager at {self._alertmanager.address}",
                remedy="apply monitoring again",
            )
        return self._deliveries.take(scope, route)

    def dashboard_data(self, scope: str, dashboard: str) -> Mapping[str, int]:
        """See `Monitoring`."""
        return self._consoles.data(scope, dashboard)

    def _read(self, scope: str, kinds: Iterable[str]) -> dict[str, Attributes]:
        return {f"{kind} {name}": each for kind in kinds for name, each in self._parts[kind].read(scope).items()}

    def _carry_out(self, kind: str, scope: str, wanted: Mapping[str, Attributes], gone: Sequence[str]) -> None:
        try:
            if wanted:
                self._parts[kind].put(scope, wanted)
            if gone:
                self._parts[kind].delete(scope, gone)
        except ProviderFailed as error:
            named = ", ".join(f"{kind} {name}" for name in [*wanted, *gone])
            raise ApplyFailed(
                f"cannot write {named}: {error.what}",
                where=error.where or scope,
                cause=error.cause,
                remedy=error.remedy,
            ) from error

    def _missing(self, scope: str, changes: Sequence[Change], kinds: Sequence[str]) -> list[str]:
        """What is not live yet. With every reload, Prometheus forgets for some seconds whom to tell what fires."""
        live, wanted = self._read(scope, kinds), {each.address: each.after or {} for each in changes if each.after}
        plan = diff(wanted, {each.address: live[each.address] for each in changes if each.address in live})
        deaf = not {"probe", "rule"}.isdisjoint(kinds) and not self._evaluator.alertmanagers()
        return [each.told for each in plan.changes] + [DEAF] * deaf
