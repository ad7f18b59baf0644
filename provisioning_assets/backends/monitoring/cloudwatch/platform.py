"""Amazon CloudWatch, with SNS and SQS for routes and SSM for the registry of probes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.emulations import EMULATIONS
from provisioning_assets.backends.monitoring import EVALUATOR, Delivery, Route, State
from provisioning_assets.backends.monitoring.attributes import kind_and_name
from provisioning_assets.backends.monitoring.cloudwatch.dashboards import Dashboards
from provisioning_assets.backends.monitoring.cloudwatch.logs import Logs
from provisioning_assets.backends.monitoring.cloudwatch.probes import Probes
from provisioning_assets.backends.monitoring.cloudwatch.routes import Routes
from provisioning_assets.backends.monitoring.cloudwatch.rules import Rules
from provisioning_assets.backends.monitoring.cloudwatch.topics import Topics
from provisioning_assets.backends.monitoring.settings import CloudWatch as Settings
from provisioning_assets.core.plan import Action, Attributes, Change, Json
from provisioning_assets.errors import ApplyFailed, ProviderFailed


class _Part(Protocol):
    """What implements one kind of address: the names of a scope and their attributes."""

    def read(self, scope: str) -> Mapping[str, Attributes]: ...

    def put(self, scope: str, name: str, attributes: Attributes) -> None: ...

    def delete(self, scope: str, name: str) -> None: ...


class CloudWatch(aws.OnAws):
    """Monitoring in a region of an AWS account; everything is named `<scope>-…`, or lies below `/<scope>/`."""

    def __init__(self, settings: Settings, access: Access) -> None:
        super().__init__(settings, access)
        topics = Topics(self._aws)
        self._routes = Routes(self._aws, topics)
        self._rules = Rules(self._aws, topics, settings.namespace)
        self._dashboards = Dashboards(self._aws)
        # In the order of writing; deletes go in reverse.
        self._parts: dict[str, _Part] = {
            "route": self._routes,
            "signal": Logs(self._aws),
            "probe": Probes(self._aws, settings.namespace),
            "rule": self._rules,
            "dashboard": self._dashboards,
        }

    def identity(self) -> Mapping[str, Json]:
        """The account, and what evaluates its alarms."""
        return {**self._aws.identity(), EVALUATOR: self._evaluator()}

    def read(self, scope: str) -> Mapping[str, Attributes]:
        """See `Monitoring`."""
        return {
            f"{kind} {name}": attributes
            for kind, part in self._parts.items()
            for name, attributes in part.read(scope).items()
        }

    def write(self, scope: str, changes: Sequence[Change]) -> None:
        """See `Monitoring`."""
        order = list(self._parts)
        by_kind = sorted(changes, key=lambda change: order.index(kind_and_name(change)[0]))
        gone = [change for change in by_kind if change.action is Action.DELETE]
        put = [change for change in by_kind if change.action is not Action.DELETE]
        for change in [*put, *reversed(gone)]:
            kind, name = kind_and_name(change)
            try:
                if change.action is Action.DELETE:
                    self._parts[kind].delete(scope, name)
                else:
                    self._parts[kind].put(scope, name, change.after or {})
            except ProviderFailed as error:
                raise ApplyFailed(
                    f"cannot {change.action} {change.address}: {error.what}",
                    where=error.where or scope,
                    cause=error.cause,
                    remedy=error.remedy,
                ) from error

    def mute(self, scope: str, rule: str, route: Route, *, muted: bool) -> None:
        """See `Monitoring`."""
        self._rules.mute(scope, rule, route, muted=muted)

    def breach(self, scope: str, rule: str) -> datetime:
        """See `Monitoring`."""
        return self._rules.breach(scope, rule)

    def firing(self, scope: str) -> Mapping[str, Mapping[Route, State]]:
        """See `Monitoring`."""
        return self._rules.firing(scope)

    def deliveries(self, scope: str, route: Route) -> Sequence[Delivery]:
        """See `Monitoring`."""
        return self._routes.deliveries(scope, route)

    def dashboard_data(self, scope: str, dashboard: str) -> Mapping[str, int]:
        """See `Monitoring`. Asks the live dashboard, not the reviewed file."""
        return self._dashboards.data(scope, dashboard)

    def _evaluator(self) -> str:
        """The evaluator that the profile's emulation names, or Amazon for Amazon's endpoint; never a guess."""
        if not self._aws.stands_in("cloudwatch"):
            return "Amazon CloudWatch"
        emulation = EMULATIONS.get(self._aws.access.emulation)
        address = self._aws.endpoint("cloudwatch")
        return emulation.alarm_evaluator if emulation else f"unknown (what speaks CloudWatch's API at {address})"
