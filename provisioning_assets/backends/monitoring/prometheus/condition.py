"""`UNHEALTHY` in PromQL: the probe failed in the last period, or somebody runs a drill."""

import re

from provisioning_assets.backends.monitoring import UNHEALTHY
from provisioning_assets.backends.monitoring.prometheus.evaluator import seconds

HEALTH_METRIC = "probe_success"
"""Of the blackbox exporter: 1 healthy, 0 not."""
DRILL_METRIC = "provisioning_drill_ends_seconds"
"""Of the Pushgateway: until when the probe counts as unhealthy. What fires for it carries the label `drill`."""

_PERIOD = re.compile(r"\[(\w+)\]")
_PROBE = re.compile(r'probe="([^"]*)"')


def expression(scope: str, probe: str, period: int) -> str:
    """What a rule of ours evaluates: each time it is true for one of the exporters that look."""
    series = f'{{probe="{probe}",scope="{scope}"}}'
    failed = f"min by (scope, probe) (min_over_time({HEALTH_METRIC}{series}[{period}s])) < 1"
    return f"{failed} or max by (scope, probe, drill) ({DRILL_METRIC}{series}) > time()"


def understood(query: str, scope: str) -> tuple[str | None, int | None, str]:
    """Probe, period and condition of what a live rule evaluates; its own words where it is not ours."""
    probe, period = _PROBE.search(query), _PERIOD.search(query)
    try:
        found = (probe[1], round(seconds(period[1]))) if probe and period else None
    except ValueError:
        found = None
    if found is None or _plain(query, found[1]) != _plain(expression(scope, *found), found[1]):
        return None, None, query
    return *found, UNHEALTHY


def _plain(query: str, period: int) -> str:
    """Without spaces and brackets, which Prometheus sets in its own way, as it writes periods."""
    return re.sub(r"[\s()]", "", _PERIOD.sub(f"[{period}s]", query))
