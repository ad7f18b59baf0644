"""The desired monitoring of an environment, from the monitoring section of the engagement file."""

import json
from collections.abc import Callable, Mapping

from provisioning_assets.backends.monitoring import ROUTES, UNHEALTHY
from provisioning_assets.core.plan import Attributes, Json
from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.sections import Alert, Monitoring
from provisioning_assets.errors import ConfigurationError, Problem


def desired_monitoring(environment: Environment, bodies: Mapping[str, Json]) -> dict[str, Attributes]:
    """Address to attributes, as `Monitoring` defines them; `bodies` maps a dashboard's name to its body."""
    section = environment.monitoring
    return {
        **{f"signal logs/{name}": {"retention_days": section.log_retention_days} for name in section.logs},
        **{f"route {route}": {"delivers": True, "observed": True, "otherwise": []} for route in ROUTES},
        **{f"probe {probe.name}": {"url": probe.url, "otherwise": []} for probe in section.probes},
        **{f"rule {alert.name}": _rule(alert) for alert in section.alerts},
        **{f"dashboard {each.name}": {"body": bodies[each.name]} for each in section.dashboards},
    }


def dashboard_bodies(
    section: Monitoring, read_file: Callable[[str], str], fill: Callable[[str], str]
) -> dict[str, Json]:
    """Name to desired body of each dashboard.

    `read_file` returns the text of a file in the engagement's folder; `fill` replaces `${…}`. One `ConfigurationError`
    names every problem in the files.
    """
    bodies: dict[str, Json] = {}
    problems = []
    for dashboard in section.dashboards:
        try:
            bodies[dashboard.name] = _filled(json.loads(read_file(dashboard.file)), fill)
        except OSError as error:
            what = f"the dashboard cannot be read: {error.strerror or error}"
            problems.append(Problem(dashboard.file, 0, 0, what))
        except json.JSONDecodeError as error:
            problems.append(Problem(dashboard.file, error.lineno, error.colno, error.msg, "JSON"))
    if problems:
        raise ConfigurationError(problems)
    return bodies


def _rule(alert: Alert) -> Attributes:
    return {
        "probe": alert.probe,
        "period": alert.period,
        "periods": alert.periods,
        "condition": UNHEALTHY,
        "routes": {route: {"muted": route == "pager"} for route in ROUTES},
        "otherwise": [],
    }


def _filled(value: Json, fill: Callable[[str], str]) -> Json:
    """Fill in the strings of parsed JSON, so that a quote in a value cannot break the document."""
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, list):
        return [_filled(each, fill) for each in value]
    if isinstance(value, dict):
        return {fill(key): _filled(each, fill) for key, each in value.items()}
    return value
