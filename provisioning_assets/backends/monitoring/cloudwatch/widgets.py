"""The queries of a CloudWatch dashboard's widgets, as the API takes them.

The format is Amazon's "Dashboard body structure and syntax": a row of `metrics` may abbreviate what it shares with the
row before it (`.` for one field, `...` for all but the last ones).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioning_assets.core.plan import Json

_SOURCE = re.compile(r"^\s*SOURCE\s+(?P<groups>'[^']*'(?:\s*,\s*'[^']*')*)\s*\|?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Widget:
    """A widget that shows data: title, region (empty for the dashboard's own), and its queries."""

    title: str
    region: str = ""
    metrics: tuple[dict[str, Json], ...] = ()
    """`MetricDataQueries` of GetMetricData."""
    log_groups: tuple[str, ...] = ()
    query: str = ""
    """Logs Insights query over the log groups."""


def widgets(body: Json) -> Iterator[Widget]:
    """The widgets in a dashboard's body, except text widgets. A widget that cannot be parsed has no queries."""
    found = body.get("widgets", []) if isinstance(body, dict) else []
    titles: set[str] = set()
    for number, widget in enumerate(found, start=1):
        if widget.get("type") == "text":
            continue
        properties = widget.get("properties", {})
        title = properties.get("title") or f"widget {number}"
        title = f"{title} ({number})" if title in titles else title
        titles.add(title)
        region = properties.get("region", "")
        if widget.get("type") == "log":
            yield _log_widget(title, region, properties.get("query", ""))
        else:
            yield Widget(title, region, metrics=_metric_queries(properties))


def _log_widget(title: str, region: str, query: str) -> Widget:
    groups: list[str] = []
    while source := _SOURCE.match(query):
        groups.extend(re.findall(r"'([^']*)'", source["groups"]))
        query = query[source.end() :]
    return Widget(title, region, log_groups=tuple(groups), query=query)


def _metric_queries(properties: Mapping[str, Json]) -> tuple[dict[str, Json], ...]:
    queries: list[dict[str, Json]] = []
    before: list[str] = []
    for number, row in enumerate(properties.get("metrics", [])):
        options = row[-1] if row and isinstance(row[-1], dict) else {}
        fields = [field for field in row if not isinstance(field, dict)]
        asked = {**properties, **options}
        query = {"Id": options.get("id", f"row{number}"), "ReturnData": options.get("visible", True)}
        period = int(asked.get("period", 300))
        if "expression" in options:
            query |= {"Expression": options["expression"], "Period": period, "Label": options.get("label", "")}
        else:
            before = _expanded(fields, before)
            query |= {"MetricStat": _metric_stat(before, period, asked.get("stat", "Average"))}
            query |= {"Label": options.get("label") or " ".join(before[1:])}
        queries.append(query)
    return tuple(queries)


def _expanded(fields: list[str], before: list[str]) -> list[str]:
    if fields and fields[0] == "...":
        fields = before[: len(before) - len(fields) + 1] + fields[1:]
    return [before[at] if field == "." and at < len(before) else field for at, field in enumerate(fields)]


def _metric_stat(fields: list[str], period: int, stat: str) -> dict[str, Json]:
    namespace, metric, *pairs = [*fields, "", ""] if len(fields) < 2 else fields  # noqa: PLR2004 - namespace and metric
    dimensions = [{"Name": name, "Value": value} for name, value in zip(pairs[::2], pairs[1::2], strict=False)]
    return {
        "Metric": {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions},
        "Period": period,
        "Stat": stat,
    }
