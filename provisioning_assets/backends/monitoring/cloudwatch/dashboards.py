"""CloudWatch dashboards: their bodies, and the data that their widgets show."""

import json
from datetime import UTC, datetime, timedelta

from provisioning_assets.backends.aws import Aws
from provisioning_assets.backends.monitoring.cloudwatch.widgets import Widget, widgets
from provisioning_assets.core.plan import Attributes, Json
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ProviderFailed

_LAST_MINUTES = timedelta(minutes=15)
_QUERY_SECONDS = 20


class Dashboards:
    """Dashboards `<scope>-<name>`."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    @property
    def _client(self) -> Json:
        return self._aws.client("cloudwatch")

    def read(self, scope: str) -> dict[str, Attributes]:
        """Name to parsed body."""
        with self._aws.translated("CloudWatch"):
            pages = self._client.get_paginator("list_dashboards").paginate(DashboardNamePrefix=f"{scope}-")
            names = [
                entry["DashboardName"].removeprefix(f"{scope}-") for page in pages for entry in page["DashboardEntries"]
            ]
        return {name: {"body": self._body(scope, name)} for name in names}

    def put(self, scope: str, name: str, attributes: Attributes) -> None:
        """Create the dashboard or replace its body."""
        with self._aws.translated("CloudWatch"):
            self._client.put_dashboard(DashboardName=f"{scope}-{name}", DashboardBody=json.dumps(attributes["body"]))

    def delete(self, scope: str, name: str) -> None:
        """Delete the dashboard."""
        with self._aws.translated("CloudWatch"):
            self._client.delete_dashboards(DashboardNames=[f"{scope}-{name}"])

    def data(self, scope: str, name: str) -> dict[str, int]:
        """See `Monitoring.dashboard_data`."""
        counts: dict[str, int] = {}
        for widget in widgets(self._body(scope, name)):
            if widget.query:
                counts[widget.title] = self._rows(widget)
            else:
                counts |= self._datapoints(widget) if widget.metrics else {widget.title: 0}
        return counts

    def _body(self, scope: str, name: str) -> Json:
        with self._aws.translated("CloudWatch"):
            return json.loads(self._client.get_dashboard(DashboardName=f"{scope}-{name}")["DashboardBody"])

    def _datapoints(self, widget: Widget) -> dict[str, int]:
        cloudwatch = self._aws.client("cloudwatch", widget.region)
        now = datetime.now(UTC)
        shown = {query["Id"]: query["Label"] for query in widget.metrics if query["ReturnData"]}
        if not shown:  # all of its rows are hidden: it shows nothing, but must not be missing from the answer
            return {widget.title: 0}
        found = dict.fromkeys(shown, 0)
        with self._aws.translated("CloudWatch"):
            # The end is exclusive and truncated to the second: one minute later, so that the newest point counts.
            pages = cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=list(widget.metrics),
                StartTime=now - _LAST_MINUTES,
                EndTime=now + timedelta(minutes=1),
            )
            for result in [each for page in pages for each in page["MetricDataResults"]]:
                found[result["Id"]] += len(result["Values"])
        if len(shown) == 1:
            return {widget.title: sum(found.values())}
        labels = list(shown.values())
        # Two rows with the same label stay two: the one with data must not hide the empty one.
        names = {
            row: label if label and labels.count(label) == 1 else f"{label} ({row})" for row, label in shown.items()
        }
        return {f"{widget.title}: {names[row]}": count for row, count in found.items()}

    def _rows(self, widget: Widget) -> int:
        logs = self._aws.client("logs", widget.region)
        now = datetime.now(UTC)
        with self._aws.translated("CloudWatch Logs"):
            query = logs.start_query(
                logGroupNames=list(widget.log_groups), queryString=widget.query,
                startTime=int((now - _LAST_MINUTES).timestamp()), endTime=int(now.timestamp()) + 1,
            )["queryId"]  # fmt: skip
            answer = settle(
                lambda: logs.get_query_results(queryId=query),
                done=lambda answer: answer["status"] not in {"Scheduled", "Running"},
                within=_QUERY_SECONDS,
                every=0.5,
            )
        if answer["status"] != "Complete":
            raise ProviderFailed(
                f"the query of widget {widget.title} did not end: {answer['status']}",
                where=", ".join(widget.log_groups),
                remedy=f"run it in Logs Insights; {_QUERY_SECONDS} s were allowed",
            )
        return len(answer["results"])
