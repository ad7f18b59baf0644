"""Monitoring: what watches an environment, and where its alarms go. Products: CloudWatch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from provisioning_assets.plan import Attributes, Change

Route = Literal["pager", "quiet"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notification that a route's receiver got."""

    alarm: str
    received_at: datetime


class Monitoring(Protocol):
    """Reads, writes and exercises the watching of one scope (`<engagement>-<environment>`).

    Addresses and attributes, all JSON:
    `log_group <name>` {"retention_days"}; `topic pager|quiet` {}; `tap pager|quiet` {} (a queue that
    receives what the topic's other subscribers receive: the proof of delivery); `probe <name>`
    {"url", "namespace"}; `dashboard <name>` {"body"}; `alarm <name>-pager` and `alarm <name>-quiet`
    {"probe", "namespace", "period", "periods", "paging"}: the pair watches the same metric, `paging`
    says whether the alarm's actions are enabled (pager: False before the launch; quiet: True).
    """

    def read(self, scope: str) -> Mapping[str, Attributes]:
        """Everything of the scope that exists."""
        ...

    def write(self, scope: str, changes: Sequence[Change]) -> None:
        """Carry the changes out."""
        ...

    def evaluator(self) -> str:
        """Who evaluates alarms here, for the evidence: `Amazon CloudWatch`, or an emulation's own word."""
        ...

    def breach(self, scope: str, alarm: str) -> datetime:
        """Put one datapoint that breaches the alarm's metric; when it was put."""
        ...

    def deliveries(self, scope: str, route: Route) -> Sequence[Delivery]:
        """Take what the route's tap received since the last call."""
        ...

    def alarm_states(self, scope: str) -> Mapping[str, str]:
        """Alarm name (with -pager or -quiet) to OK, ALARM or INSUFFICIENT_DATA."""
        ...

    def set_paging(self, scope: str, alarm: str, *, enabled: bool) -> None:
        """Switch the actions of `<alarm>-pager`."""
        ...

    def widget_data(self, scope: str, dashboard: str) -> Mapping[str, int]:
        """Widget title to the number of data points its own queries return for the last minutes."""
        ...
