"""Monitoring: what watches an environment, and where its alarms go. Products: CloudWatch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, get_args

from provisioning_assets.backends.backend import Backend
from provisioning_assets.core.plan import Attributes, Change

Route = Literal["pager", "quiet"]
ROUTES: tuple[Route, ...] = get_args(Route)

HEALTH_METRIC = "Healthy"
"""What a probe feeds: 1 healthy, 0 not, with the dimension Probe=<its name>."""

HEALTH_RULE = "Minimum of Healthy < 1, missing data notBreaching"
"""The `rule` of every alarm that we write; a back end reads the live rule back in this form."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notification that a route's receiver got; `alarm` is the name without the scope."""

    alarm: str
    received_at: datetime
    state: str = "ALARM"
    """State that the notification reports."""


class Monitoring(Backend, Protocol):
    """Reads, writes and exercises the watching of one scope (`<engagement>-<environment>`).

    Addresses and attributes, all JSON:
    `log_group <name>` {"retention_days"}; `topic pager|quiet` {}; `tap pager|quiet` {"subscribed",
    "allowed"} (a queue that receives what the topic's other subscribers receive, the proof of delivery:
    whether it is subscribed without a filter, and whether its policy lets the topic send);
    `probe <name>` {"url", "namespace", "metric"}; `dashboard <name>` {"body": the parsed JSON};
    `alarm <name>-pager` and `alarm <name>-quiet` {"probe", "namespace", "period", "periods", "rule",
    "actions", "paging"}: the pair watches the same metric, `rule` is `HEALTH_RULE`, `actions` are the
    routes that it notifies, `paging` says whether the alarm's actions are enabled (pager: False before
    the launch; quiet: True). An alarm that is not ours to write shows what it has in the same form.
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
        """Take what the route's tap received since the last call; `ProviderFailed` when there is no tap."""
        ...

    def alarm_states(self, scope: str) -> Mapping[str, str]:
        """Alarm name (with -pager or -quiet) to OK, ALARM or INSUFFICIENT_DATA."""
        ...

    def set_paging(self, scope: str, alarm: str, *, enabled: bool) -> None:
        """Switch the actions of `<alarm>-pager`."""
        ...

    def widget_data(self, scope: str, dashboard: str) -> Mapping[str, int]:
        """Widget title to the number of data points its own queries return for the last 15 minutes.

        A widget with several queries has one entry each, `<title>: <label>`, so that an empty one shows.
        A widget that holds only text is left out; no entry at all means that there is nothing to see.
        """
        ...
