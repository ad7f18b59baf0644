"""CloudWatch alarms: what they watch, whom they notify, and how to set one off."""

from collections.abc import Mapping
from datetime import UTC, datetime

from provisioning_assets.backends.aws import Aws
from provisioning_assets.backends.emulations import EMULATIONS
from provisioning_assets.backends.monitoring import HEALTH_METRIC
from provisioning_assets.backends.monitoring.cloudwatch.notifications import Topics
from provisioning_assets.core.plan import Attributes, Json
from provisioning_assets.errors import ProviderFailed

_SIGNS = {
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
}
_ACTIONS = {"AlarmActions": "", "OKActions": " when OK", "InsufficientDataActions": " when INSUFFICIENT_DATA"}


class Alarms:
    """Alarms `<scope>-<name>`, whoever made them."""

    def __init__(self, aws: Aws, topics: Topics) -> None:
        self._aws = aws
        self._topics = topics

    @property
    def _client(self) -> Json:
        return self._aws.client("cloudwatch")

    def read(self, scope: str) -> dict[str, Attributes]:
        """Name to attributes."""
        alarms = self._live(scope)
        routes = {arn: route for route, arn in self._topics.arns(scope).items()} if alarms else {}
        return {name: _attributes(alarm, routes) for name, alarm in alarms.items()}

    def put(self, scope: str, name: str, attributes: Attributes) -> None:
        """Create the alarm or replace what it says; its state stays."""
        actions = [self._topics.arn(scope, route) for route in attributes["actions"]]
        with self._aws.translated("CloudWatch"):
            self._client.put_metric_alarm(
                AlarmName=f"{scope}-{name}",
                AlarmDescription=f"{scope}: the health probe {attributes['probe']} fails",
                Namespace=attributes["namespace"],
                MetricName=HEALTH_METRIC,
                Dimensions=[{"Name": "Probe", "Value": attributes["probe"]}],
                Statistic="Minimum",
                ComparisonOperator="LessThanThreshold",
                Threshold=1.0,
                Period=attributes["period"],
                EvaluationPeriods=attributes["periods"],
                TreatMissingData="notBreaching",
                AlarmActions=actions,
                ActionsEnabled=attributes["paging"],
            )

    def delete(self, scope: str, name: str) -> None:
        """Delete the alarm."""
        with self._aws.translated("CloudWatch"):
            self._client.delete_alarms(AlarmNames=[f"{scope}-{name}"])

    def states(self, scope: str) -> dict[str, str]:
        """Name to OK, ALARM or INSUFFICIENT_DATA."""
        return {name: str(alarm["StateValue"]) for name, alarm in self._live(scope).items()}

    def enable(self, scope: str, name: str, *, enabled: bool) -> None:
        """Switch the alarm's actions."""
        with self._aws.translated("CloudWatch"):
            switch = self._client.enable_alarm_actions if enabled else self._client.disable_alarm_actions
            switch(AlarmNames=[f"{scope}-{name}"])

    def breach(self, scope: str, name: str) -> datetime:
        """Put a 0 where the live alarm looks."""
        alarm = self._live(scope).get(name)
        if alarm is None:
            raise ProviderFailed(f"there is no alarm {name}", where=scope, remedy="apply monitoring again")
        now = datetime.now(UTC)
        datum = {"MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"], "Timestamp": now, "Value": 0.0}
        with self._aws.translated("CloudWatch"):
            # A period under a minute sees only data of high resolution.
            self._client.put_metric_data(Namespace=alarm["Namespace"], MetricData=[{**datum, "StorageResolution": 1}])
        return now

    def evaluator(self) -> str:
        """Who evaluates: what the environment says, or Amazon if it is Amazon's endpoint; never a guess."""
        if not self._aws.stands_in("cloudwatch"):
            return "Amazon CloudWatch"
        emulation = EMULATIONS.get(self._aws.access.emulation)
        address = self._aws.endpoint("cloudwatch")
        return emulation.alarm_evaluator if emulation else f"unknown (what speaks CloudWatch's API at {address})"

    def _live(self, scope: str) -> dict[str, dict[str, Json]]:
        with self._aws.translated("CloudWatch"):
            pages = self._client.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{scope}-")
            return {
                alarm["AlarmName"].removeprefix(f"{scope}-"): alarm for page in pages for alarm in page["MetricAlarms"]
            }


def _attributes(alarm: Mapping[str, Json], routes: Mapping[str, str]) -> Attributes:
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])}
    return {
        "probe": dimensions["Probe"] if dimensions.keys() == {"Probe"} else str(dimensions),
        "namespace": alarm.get("Namespace"),
        "period": alarm.get("Period"),
        "periods": alarm["EvaluationPeriods"],
        "rule": _rule(alarm),
        "actions": [routes.get(arn, arn) + when for key, when in _ACTIONS.items() for arn in alarm.get(key, [])],
        "paging": alarm["ActionsEnabled"],
    }


def _rule(alarm: Mapping[str, Json]) -> str:
    """The rule in the words of `HEALTH_RULE`."""
    if alarm.get("Metrics"):
        return "a metric expression"
    statistic = alarm.get("Statistic") or alarm.get("ExtendedStatistic")
    sign = _SIGNS.get(alarm["ComparisonOperator"], alarm["ComparisonOperator"])
    missing = alarm.get("TreatMissingData", "missing")
    rule = f"{statistic} of {alarm['MetricName']} {sign} {alarm['Threshold']:g}, missing data {missing}"
    needed = alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]
    return rule if needed == alarm["EvaluationPeriods"] else f"{rule}, {needed} data points"
