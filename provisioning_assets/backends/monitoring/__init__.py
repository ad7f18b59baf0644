"""Monitoring: what watches an environment, and who is notified. Products: CloudWatch, Prometheus."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, get_args

from provisioning_assets.backends.backend import Backend
from provisioning_assets.core.plan import Attributes, Change

Route = Literal["pager", "quiet"]
ROUTES: tuple[Route, ...] = get_args(Route)

State = Literal["ok", "firing", "unknown"]
"""State of a rule on one of its routes."""

UNHEALTHY = "unhealthy"
"""The `condition` of every rule that we write: its probe reports unhealthy. A silent probe is no breach."""

EVALUATOR = "alarm evaluator"
"""Key in `identity()`: what evaluates rules, the vendor or a declared emulation."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notification that a route delivered."""

    rule: str
    """The rule, if it notifies this route; else what is known about the sender."""
    received_at: datetime
    state: State = "firing"
    """What the notification reports."""


class Monitoring(Backend, Protocol):
    """Reads, writes and tests the monitoring of one scope (`<engagement>-<environment>`).

    Addresses and attributes, all JSON:
    `signal logs/<name>` {"retention_days"}, refused without `Capability.LOGS`; `probe <name>` {"url", "otherwise"};
    `dashboard <name>` {"body": in the product's own form}; `route pager|quiet` {"delivers": its receiver is there,
    "observed": our delivery probe gets all that the receiver gets, "otherwise"}; `rule <name>` {"probe", "period":
    seconds, "periods": how many in a row, "condition", "routes": {route: {"muted"}} of all that it notifies,
    "otherwise"}.

    `otherwise` lists, in words, whatever is live and not as this product writes it; desired is an empty list. If the
    routes of a rule disagree on an attribute, it holds each route's value. `read` includes what is in the scope and not
    ours.
    """

    def read(self, scope: str) -> Mapping[str, Attributes]:
        """Everything that exists in the scope."""
        ...

    def write(self, scope: str, changes: Sequence[Change]) -> None:
        """Carry out the changes, routes before the rules that notify them; `ApplyFailed` names where it stopped."""
        ...

    def mute(self, scope: str, rule: str, route: Route, *, muted: bool) -> None:
        """Stop a rule's notifications to one route, or resume them; `ProviderFailed` when it has no such route.

        A mute that will end by itself is `otherwise` before it does: `write` renews it.
        """
        ...

    def breach(self, scope: str, rule: str) -> datetime:
        """Report the rule's probe as unhealthy once; returns when. `ProviderFailed` when there is no such rule."""
        ...

    def firing(self, scope: str) -> Mapping[str, Mapping[Route, State]]:
        """Rule to its state on each of its routes, muted or not."""
        ...

    def deliveries(self, scope: str, route: Route) -> Sequence[Delivery]:
        """Take what the route's delivery probe received since the last call; `ProviderFailed` if there is no probe."""
        ...

    def dashboard_data(self, scope: str, dashboard: str) -> Mapping[str, int]:
        """Title of each part to the number of data points that its own queries return for the last 15 minutes.

        A part with several queries has one entry per query, `<title>: <label>`, so that an empty one shows.
        Parts with text only are left out; an empty answer means that the dashboard shows no data at all.
        """
        ...
