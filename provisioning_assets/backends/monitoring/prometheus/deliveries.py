"""What the delivery probe got: Alertmanager's notifications, in its webhook's form.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

import json
from collections.abc import Mapping
from datetime import datetime

from provisioning_assets.backends.monitoring import Delivery, Route, State
from provisioning_assets.backends.monitoring.prometheus.routing import Labels
from provisioning_assets.backends.monitoring.prometheus.server import Server
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed

_STATES: Mapping[str, State] = {"firing": "firing", "resolved": "ok"}


class Deliveries:
    """The client of one delivery probe."""

    def __init__(self, probe: Server) -> None:
        self._probe = probe
        self._started: str | None = None
        """Which of its starts we spoke to: with another one, what it got before is lost."""

    def take(self, scope: str, route: Route) -> list[Delivery]:
        """What came since the last call. The probe forgets only what we have."""
        place = f"/{scope}/{route}"
        answer = self._probe.get(place)
        try:
            started = str(answer["started"])
            got = [(each["number"], _notified(each, scope, route)) for each in answer["got"]]
        except (KeyError, TypeError, ValueError):
            raise ProviderFailed(
                "no delivery probe answers there",
                where=self._probe.address,
                remedy="set DELIVERY_PROBE_URL to where it listens",
            ) from None
        before, self._started = self._started, started
        if before not in {None, started}:
            raise ProviderFailed(
                "the delivery probe was started anew: what it had got is lost",
                where=self._probe.address,
                remedy="run it again",
            )
        if got:
            self._probe.send("DELETE", place, params={"through": str(max(number for number, _ in got))})
        return [delivery for _, found in got for delivery in found]


def _notified(got: Mapping[str, Json], scope: str, route: Route) -> list[Delivery]:
    """What a notification says. One that cannot be read is a delivery all the same: somebody was called."""
    at = datetime.fromisoformat(got["received_at"])
    try:
        alerts = json.loads(got["body"])["alerts"]
        found = [Delivery(_rule(each["labels"], scope, route), at, _STATES[each["status"]]) for each in alerts]
    except (ValueError, KeyError, TypeError):
        found = []
    return found or [Delivery("a message that is no alert's", at, "unknown")]


def _rule(labels: Labels, scope: str, route: Route) -> str:
    name = str(labels["alertname"])
    is_ours = (labels.get("scope"), labels.get("route")) == (scope, route)
    return name if is_ours else f"the alert {name}"
