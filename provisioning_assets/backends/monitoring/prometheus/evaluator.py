"""Prometheus itself: what it has loaded and found, by its HTTP API.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from pathlib import PurePosixPath

from provisioning_assets.backends.monitoring.prometheus.folder import parsed
from provisioning_assets.backends.monitoring.prometheus.server import Server
from provisioning_assets.core.plan import Json

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}


class Evaluator(Server):
    """What evaluates rules."""

    def data(self, path: str, **query: str) -> Json:
        """What the API answers."""
        answer = self.get(f"/api/v1/{path}", **query)
        if not isinstance(answer, dict) or answer.get("status") != "success":
            raise self._stranger(f"its answer to {path} is not Prometheus'")
        return answer["data"]

    def rules(self) -> list[dict[str, Json]]:
        """Every rule that it has loaded, each with the name of its `file`."""
        groups = self.data("rules")["groups"]
        return [{**rule, "file": PurePosixPath(group["file"]).name} for group in groups for rule in group["rules"]]

    def targets(self) -> list[dict[str, Json]]:
        """What it scrapes."""
        return list(self.data("targets", state="active")["activeTargets"])

    def alertmanagers(self) -> list[str]:
        """Whom it tells what fires."""
        return [each["url"] for each in self.data("alertmanagers")["activeAlertmanagers"]]

    def settings(self) -> dict[str, Json]:
        """The global part of its configuration, with every default."""
        return dict(parsed(self.data("status/config")["yaml"], self.address)["global"])

    def now(self) -> float:
        """What its clock says."""
        return float(self.data("query", query="time()")["result"][1])

    def version(self) -> str:
        """As it says."""
        return str(self.data("status/buildinfo")["version"])


def seconds(written: str) -> float:
    """A duration as Prometheus writes it."""
    rest, total = written, 0.0
    while rest:
        digits = len(rest) - len(rest.lstrip("0123456789"))
        unit = next((unit for unit in _UNITS if rest[digits:].startswith(unit)), None)
        if not digits or unit is None:
            raise ValueError(written)
        total += int(rest[:digits]) * _UNITS[unit]
        rest = rest[digits + len(unit) :]
    return total
