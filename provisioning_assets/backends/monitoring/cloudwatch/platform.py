"""Amazon CloudWatch, with SNS and SQS for the routes and SSM for the probes' registry."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, Self

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.monitoring import Delivery, Route
from provisioning_assets.backends.monitoring.cloudwatch.alarms import Alarms
from provisioning_assets.backends.monitoring.cloudwatch.dashboards import Dashboards
from provisioning_assets.backends.monitoring.cloudwatch.log_groups import LogGroups
from provisioning_assets.backends.monitoring.cloudwatch.notifications import Taps, Topics
from provisioning_assets.backends.monitoring.cloudwatch.probes import Probes
from provisioning_assets.backends.monitoring.settings import CloudWatch as Settings
from provisioning_assets.core.plan import Action, Attributes, Change, Json
from provisioning_assets.errors import ApplyFailed, ProviderFailed


class _Part(Protocol):
    """What stands behind one kind of address: the names of a scope and their attributes."""

    def read(self, scope: str) -> Mapping[str, Attributes]: ...

    def put(self, scope: str, name: str, attributes: Attributes) -> None: ...

    def delete(self, scope: str, name: str) -> None: ...


class CloudWatch:
    """Monitoring in a region of an AWS account; everything is named `<scope>-…`, or lies below `/<scope>/`."""

    def __init__(self, access: Access) -> None:
        self._aws = aws.of(access)
        topics = Topics(self._aws)
        self._taps = Taps(self._aws, topics)
        self._alarms = Alarms(self._aws, topics)
        self._dashboards = Dashboards(self._aws)
        # In the order of writing; deleted the other way round.
        self._parts: dict[str, _Part] = {
            "topic": topics,
            "tap": self._taps,
            "log_group": LogGroups(self._aws),
            "probe": Probes(self._aws),
            "alarm": self._alarms,
            "dashboard": self._dashboards,
        }

    @classmethod
    def open(cls, _settings: Settings, access: Access) -> Self:
        """The region of the environment."""
        return cls(access)

    def reach(self) -> None:
        """Whose credentials these are."""
        self._aws.reach()

    def identity(self) -> Mapping[str, Json]:
        """The account, and who evaluates its alarms."""
        return {**self._aws.identity(), "alarm evaluator": self.evaluator()}

    def read(self, scope: str) -> Mapping[str, Attributes]:
        """See `Monitoring`."""
        return {
            f"{kind} {name}": attributes
            for kind, part in self._parts.items()
            for name, attributes in part.read(scope).items()
        }

    def write(self, scope: str, changes: Sequence[Change]) -> None:
        """See `Monitoring`. `ApplyFailed` names the address at which the writing ended."""
        order = list(self._parts)
        by_kind = sorted(changes, key=lambda change: order.index(_kind_and_name(change)[0]))
        gone = [change for change in by_kind if change.action is Action.DELETE]
        put = [change for change in by_kind if change.action is not Action.DELETE]
        for change in [*put, *reversed(gone)]:
            kind, name = _kind_and_name(change)
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

    def evaluator(self) -> str:
        """See `Monitoring`."""
        return self._alarms.evaluator()

    def breach(self, scope: str, alarm: str) -> datetime:
        """See `Monitoring`."""
        return self._alarms.breach(scope, f"{alarm}-pager")

    def deliveries(self, scope: str, route: Route) -> Sequence[Delivery]:
        """See `Monitoring`."""
        return self._taps.deliveries(scope, route)

    def alarm_states(self, scope: str) -> Mapping[str, str]:
        """See `Monitoring`."""
        return self._alarms.states(scope)

    def set_paging(self, scope: str, alarm: str, *, enabled: bool) -> None:
        """See `Monitoring`."""
        self._alarms.enable(scope, f"{alarm}-pager", enabled=enabled)

    def widget_data(self, scope: str, dashboard: str) -> Mapping[str, int]:
        """See `Monitoring`. Asks the live dashboard, not the reviewed file."""
        return self._dashboards.widget_data(scope, dashboard)


def _kind_and_name(change: Change) -> tuple[str, str]:
    kind, _, name = change.address.partition(" ")
    return kind, name
