"""Alertmanager's silences: how a rule is muted on one route, and lets nobody else's alerts be silent or loud."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from provisioning_assets.backends.monitoring.prometheus.routing import Labels, Matcher, all_match
from provisioning_assets.backends.monitoring.prometheus.server import Server
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed

LASTS = timedelta(days=60)
"""A silence of Alertmanager's has an end: an apply of ours renews it."""
RENEWED = timedelta(days=30)
"""Before its end: from then on it is drift."""

_AUTHOR = "provisioning"


@dataclass(frozen=True, slots=True)
class Silence:
    """One that is in force."""

    id: str
    matchers: frozenset[Matcher]
    ends_at: datetime
    author: str
    comment: str

    def __str__(self) -> str:
        return f"a silence of {self.author} until {self.ends_at:%Y-%m-%d %H:%M} UTC ({self.comment})"


class Silences:
    """What is silenced in one Alertmanager."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def in_force(self) -> list[Silence]:
        """All of them, whoever made them."""
        found = self._server.get("/api/v2/silences")
        return [_silence(each) for each in found if each["status"]["state"] == "active"]

    def mute(self, alert: Mapping[str, str]) -> None:
        """Silence alerts with these labels; a silence that is there already is kept, or renewed."""
        now = datetime.now(UTC)
        own = exact(self.in_force(), alert)
        if own and own.ends_at > now + RENEWED:
            return
        matchers = [{"name": k, "value": v, "isRegex": False, "isEqual": True} for k, v in alert.items()]
        body = {
            **({"id": own.id} if own else {}),
            "matchers": matchers,
            "startsAt": now.isoformat(),
            "endsAt": (now + LASTS).isoformat(),
            "createdBy": _AUTHOR,
            "comment": "not armed before the launch",
        }
        self._server.send("POST", "/api/v2/silences", json=body)

    def lift(self, alert: Labels, named: Mapping[str, str]) -> None:
        """End every silence of an alert; `ProviderFailed` when one is of other alerts, too: it is not ours to end.

        `alert` has all of its labels, `named` those that make it this rule on this route.
        """
        over = covering(self.in_force(), alert)
        wider = [each for each in over if not each.matchers >= Matcher.exactly(named)]
        if wider:
            raise ProviderFailed(
                "it cannot be unmuted: a silence is of more than this rule on this route",
                where=f"Alertmanager at {self._server.address}, silence {wider[0].id}",
                cause="; ".join(map(str, wider)),
                remedy="have whoever made it end it, then run again",
            )
        self._expire(over)

    def forget(self, named: Mapping[str, str]) -> None:
        """End the silence of an alert that is no more."""
        own = exact(self.in_force(), named)
        self._expire([own] if own else [])

    def _expire(self, silences: Iterable[Silence]) -> None:
        for each in silences:
            self._server.send("DELETE", f"/api/v2/silence/{each.id}")


def exact(silences: Iterable[Silence], named: Labels) -> Silence | None:
    """The one that is of these labels and asks for nothing else; of several, the last to end."""
    wanted = Matcher.exactly(named)
    return max((each for each in silences if each.matchers == wanted), key=lambda each: each.ends_at, default=None)


def covering(silences: Iterable[Silence], labels: Labels) -> list[Silence]:
    """Those that silence an alert with these labels."""
    return [each for each in silences if all_match(each.matchers, labels)]


def doubts(over: Sequence[Silence], named: Labels, now: datetime) -> list[str]:
    """Why an alert will not stay muted by these silences; nothing when they are none."""
    if not over:
        return []
    own = exact(over, named)
    if own is None:
        return [f"is muted by {over[0]}, not by one of its own"]
    return [] if own.ends_at > now + RENEWED else [f"is muted by {own}, which ends soon"]


def _silence(found: Json) -> Silence:
    matchers = frozenset(Matcher.of_silence(each) for each in found["matchers"])
    return Silence(found["id"], matchers, datetime.fromisoformat(found["endsAt"]), found["createdBy"], found["comment"])
