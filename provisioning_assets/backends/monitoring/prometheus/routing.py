"""Alertmanager's routing tree, as it has loaded it: which receivers get an alert.

https://prometheus.io/docs/alerting/latest/configuration/#route
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed

_MATCHER = re.compile(r"\s*(?P<label>[a-zA-Z_]\w*)\s*(?P<sign>=~|!~|!=|=)\s*(?P<value>.*?)\s*", re.DOTALL)

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, order=True)
class Matcher:
    """One condition on an alert's labels; a label that an alert has not is empty."""

    regex: bool
    equal: bool
    label: str
    value: str

    def matches(self, labels: Labels) -> bool:
        """Whether the labels fulfil it."""
        found = labels.get(self.label, "")
        if not self.regex:
            return (found == self.value) is self.equal
        try:
            return (re.fullmatch(self.value, found) is not None) is self.equal
        except re.error as error:
            raise ProviderFailed(
                "a matcher of Alertmanager's cannot be judged",
                where=str(self),
                cause=str(error),
                remedy="write it in the syntax that Python and RE2 share",
            ) from None

    def __str__(self) -> str:
        sign = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
        return f"{self.label}{sign[self.regex, self.equal]}{json.dumps(self.value, ensure_ascii=False)}"

    @classmethod
    def exactly(cls, labels: Labels) -> frozenset[Self]:
        """Those that ask for these labels."""
        return frozenset(cls(False, True, label, value) for label, value in labels.items())  # noqa: FBT003 - by position

    @classmethod
    def of_silence(cls, written: Json) -> Self:
        """As a silence has it."""
        return cls(written["isRegex"], written.get("isEqual", True), written["name"], written["value"])

    @classmethod
    def read(cls, written: str) -> Self:
        """As a configuration has it."""
        found = _MATCHER.fullmatch(written)
        if found is None:
            raise ProviderFailed("a matcher of Alertmanager's cannot be read", where=written)
        value = found["value"]
        if value.startswith('"'):
            value = json.loads(value)
        return cls("~" in found["sign"], "!" not in found["sign"], found["label"], value)


def all_match(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether an alert with these labels is meant; regular expressions are tried last."""
    return all(matcher.matches(labels) for matcher in sorted(matchers))


def matchers_of(route: Mapping[str, Json]) -> frozenset[Matcher]:
    """Of one route, in the form of today and in the two that came before."""
    written = route.get("matchers") or []
    found = {Matcher.read(each) for each in ([written] if isinstance(written, str) else written)}
    found |= {Matcher(False, True, label, str(value)) for label, value in (route.get("match") or {}).items()}  # noqa: FBT003
    found |= {Matcher(True, True, label, str(value)) for label, value in (route.get("match_re") or {}).items()}  # noqa: FBT003
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Routing:
    """A configuration of Alertmanager."""

    config: Json

    @property
    def routes(self) -> list[dict[str, Json]]:
        """Those below the root."""
        return list(self.config["route"].get("routes") or [])

    def receiver(self, name: str) -> dict[str, Json] | None:
        """One receiver."""
        return next((each for each in self.config.get("receivers") or [] if each["name"] == name), None)

    def notifies(self, name: str) -> bool:
        """Whether the receiver has anybody to notify."""
        return any(key.endswith("_configs") and each for key, each in (self.receiver(name) or {}).items())

    def receivers(self, labels: Labels) -> list[str]:
        """Who gets an alert with these labels."""
        return _receivers(self.config["route"], labels, "")


def _receivers(route: Mapping[str, Json], labels: Labels, inherited: str) -> list[str]:
    if not all_match(matchers_of(route), labels):
        return []
    own = str(route.get("receiver") or inherited)
    found: list[str] = []
    for child in route.get("routes") or []:
        below = _receivers(child, labels, own)
        found += below
        if below and not child.get("continue"):
            break
    return found or [own]
