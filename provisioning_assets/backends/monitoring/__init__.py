"""Monitoring: what watches an environment, and whom it calls. Products: CloudWatch, Prometheus."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, get_args

from provisioning_assets.backends.backend import Backend
from provisioning_assets.core.plan import Attributes, Change

Route = Literal["pager", "quiet"]
ROUTES: tuple[Route, ...] = get_args(Route)

State = Literal["ok", "firing", "unknown"]
"""Of a rule, on one of its routes."""

UNHEALTHY = "unhealthy"
"""The `condition` of every rule that we write: its probe says so. A probe that says nothing is no breach."""

EVALUATOR = "alarm evaluator"
"""Key of `identity()`: who evaluates rules, the vendor or an emulation by its own word."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notification that a route's receiver got."""

    rule: str
    """The rule, when it notifies this route; else what can be said of who sent it."""
    received_at: datetime
    state: State = "firing"
    """What the notification reports."""


class Monitoring(Backend, Protocol):
    """Reads, writes and tries the watching of one scope (`<engagement>-<environment>`).

    Addresses and attributes, all JSON:
    `signal logs/<name>` {"retention_days"}, refused without `Capability.LOGS`; `probe <name>` {"url", "otherwise"};
    `dashboard <name>` {"body": in the product's own form}; `route pager|quiet` {"delivers": its receiver is there,
    "observed": our delivery probe gets all that the receiver gets, "otherwise"}; `rule <name>` {"probe", "period":
    seconds, "periods": how many in a row, "condition", "routes": {route: {"muted"}} of all that it notifies,
    "otherwise"}.

    `otherwise` lists, in words, what is live and not as this product writes it; desired is nothing. An attribute of a
    rule that its routes disagree on holds each route's value. What is in the scope and not ours is read, too.
    """

    def read(self, scope: str) -> Mapping[str, Attributes]:
        """Everything of the scope that exists."""
        ...

    def write(self, scope: str, changes: Sequence[Change]) -> None:
        """Carry the changes out, routes before the rules that notify them; `ApplyFailed` names where it ended."""
        ...

    def mute(self, scope: str, rule: str, route: Route, *, muted: bool) -> None:
        """Stop a rule's notifications of one route, or let them through; `ProviderFailed` when it has no such route.

        A mute that will end by itself is `otherwise` before it does: `write` renews it.
        """
        ...

    def breach(self, scope: str, rule: str) -> datetime:
        """Report the rule's probe as unhealthy once, and when that was; `ProviderFailed` when there is no such rule."""
        ...

    def firing(self, scope: str) -> Mapping[str, Mapping[Route, State]]:
        """Rule to the state of what notifies each of its routes, muted or not."""
        ...

    def deliveries(self, scope: str, route: Route) -> Sequence[Delivery]:
        """Take what the route's delivery probe got since the last call; `ProviderFailed` when there is none."""
        ...

    def dashboard_data(self, scope: str, dashboard: str) -> Mapping[str, int]:
        """Title of each part to how many data points its own queries return for the last 15 minutes.

        A part with several queries has one entry each, `<title>: <label>`, so that an empty one shows.
        Parts that hold only text are left out; no entry at all means that there is nothing to see.
        """
        ...
