"""Drills: what is pushed to the Pushgateway makes a rule fire for a while, and ends by itself.

The Pushgateway shows for ever what it once got. So what is pushed is no failed probe, but until when the probe counts
as failed: a run that dies leaves nothing behind that goes on firing.
"""

from datetime import UTC, datetime
from urllib.parse import quote

from provisioning_assets.backends.monitoring.prometheus.condition import DRILL_METRIC
from provisioning_assets.backends.monitoring.prometheus.evaluator import Evaluator, seconds
from provisioning_assets.backends.monitoring.prometheus.server import Server


class Drills:
    """One group of the Pushgateway for each probe: the last drill."""

    def __init__(self, evaluator: Evaluator, pushgateway: Server) -> None:
        self._evaluator = evaluator
        self._pushgateway = pushgateway

    def begin(self, scope: str, probe: str, lasting: int) -> datetime:
        """Let a probe count as failed until Prometheus has scraped that, and evaluated it for so many seconds.

        Each drill has a label of its own: for Alertmanager, an alert that it notified about lately is no news.
        """
        settings = self._evaluator.settings()
        noticed = seconds(settings["scrape_interval"]) + 2 * seconds(settings["evaluation_interval"])
        ends, now = self._evaluator.now() + noticed + lasting, datetime.now(UTC)
        sample = f'{DRILL_METRIC}{{drill="{now:%Y-%m-%dT%H:%M:%S.%fZ}"}} {ends:.3f}'
        self._pushgateway.send("PUT", _group(scope, probe), data=f"# TYPE {DRILL_METRIC} gauge\n{sample}\n")
        return now

    def forget(self, scope: str, probe: str) -> None:
        """Take away what the last drill left, which says nothing any more."""
        self._pushgateway.send("DELETE", _group(scope, probe))


def _group(scope: str, probe: str) -> str:
    return f"/metrics/job/provisioning/scope/{quote(scope, safe='')}/probe/{quote(probe, safe='')}"
