"""Rules as CloudWatch alarms: one per route, so that each can be muted, and observed to fire, on its own."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from provisioning_assets.backends.aws import Aws
from provisioning_assets.backends.monitoring import ROUTES, UNHEALTHY, Route, State
from provisioning_assets.backends.monitoring.attributes import agreed
from provisioning_assets.backends.monitoring.cloudwatch.probes import HEALTH_METRIC
from provisioning_assets.backends.monitoring.cloudwatch.topics import Topics
from provisioning_assets.core.plan import Attributes, Json
from provisioning_assets.errors import ProviderFailed

STATES: Mapping[str, State] = {"OK": "ok", "ALARM": "firing", "INSUFFICIENT_DATA": "unknown"}

_CONDITION: Mapping[str, Json] = {
    "MetricName": HEALTH_METRIC,
    "Statistic": "Minimum",
    "ComparisonOperator": "LessThanThreshold",
    "Threshold": 1.0,
    "TreatMissingData": "notBreaching",
}
"""The alarm settings that mean `UNHEALTHY`, besides the namespace."""

_SIGNS = {
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
}
_ACTIONS = {"AlarmActions": "", "OKActions": " when OK", "InsufficientDataActions": " when INSUFFICIENT_DATA"}
_Alarm = Mapping[str, Json]
_Alarms = Mapping[str, _Alarm]
"""Alarms of one rule, by the route with which their names end; the key is empty for a name without a route."""


class Rules:
    """Alarms `<scope>-<rule>-<route>`, and all others whose names begin with `<scope>-`."""

    def __init__(self, aws: Aws, topics: Topics, namespace: str | None) -> None:
        self._aws = aws
        self._topics = topics
        self._namespace = namespace

    @property
    def _client(self) -> Json:
        return self._aws.client("cloudwatch")

    def read(self, scope: str) -> dict[str, Attributes]:
        """Rule to attributes."""
        rules = self._live(scope)
        routes = {arn: route for route, arn in self._topics.arns(scope).items()} if rules else {}
        return {rule: _attributes(alarms, routes, self._namespace or scope) for rule, alarms in rules.items()}

    def put(self, scope: str, rule: str, attributes: Attributes) -> None:
        """Create or replace an alarm for each route, which keeps its state, and delete the rule's other alarms."""
        names = {route: f"{scope}-{rule}-{route}" for route in ROUTES if route in attributes["routes"]}
        for route, name in names.items():
            topic = self._topics.arn(scope, route)
            with self._aws.translated("CloudWatch"):
                self._client.put_metric_alarm(
                    AlarmName=name,
                    AlarmDescription=f"{scope}: the health probe {attributes['probe']} fails",
                    Namespace=self._namespace or scope,
                    Dimensions=[{"Name": "Probe", "Value": attributes["probe"]}],
                    Period=attributes["period"],
                    EvaluationPeriods=attributes["periods"],
                    AlarmActions=[topic],
                    ActionsEnabled=not attributes["routes"][route]["muted"],
                    **_CONDITION,
                )
        self._delete(alarm for alarm in self._of(scope, rule).values() if alarm["AlarmName"] not in names.values())

    def delete(self, scope: str, rule: str) -> None:
        """Delete its alarms."""
        self._delete(self._of(scope, rule).values())

    def mute(self, scope: str, rule: str, route: Route, *, muted: bool) -> None:
        """Enable or disable the actions of the route's alarm."""
        name = self._alarm(scope, rule, route)["AlarmName"]
        with self._aws.translated("CloudWatch"):
            switch = self._client.disable_alarm_actions if muted else self._client.enable_alarm_actions
            switch(AlarmNames=[name])

    def breach(self, scope: str, rule: str) -> datetime:
        """Put a 0 into the metric that the live alarm watches; the pager's alarm is preferred."""
        alarm = self._alarm(scope, rule, *ROUTES)
        now = datetime.now(UTC)
        datum = {"MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"], "Timestamp": now, "Value": 0.0}
        with self._aws.translated("CloudWatch"):
            # An alarm with a period under a minute sees only high-resolution data.
            self._client.put_metric_data(Namespace=alarm["Namespace"], MetricData=[{**datum, "StorageResolution": 1}])
        return now

    def firing(self, scope: str) -> dict[str, dict[Route, State]]:
        """Rule to the state of each route's alarm."""
        return {
            rule: {route: STATES[alarms[route]["StateValue"]] for route in ROUTES if route in alarms}
            for rule, alarms in self._live(scope).items()
        }

    def _live(self, scope: str) -> dict[str, dict[str, _Alarm]]:
        """Rule to its alarms. An alarm whose name ends with no route is a rule of its whole name."""
        with self._aws.translated("CloudWatch"):
            pages = self._client.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{scope}-")
            alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
        rules: dict[str, dict[str, _Alarm]] = {}
        for alarm in alarms:
            name = alarm["AlarmName"].removeprefix(f"{scope}-")
            route = next((route for route in ROUTES if name.endswith(f"-{route}")), "")
            rules.setdefault(name.removesuffix(f"-{route}") if route else name, {})[route] = alarm
        return rules

    def _of(self, scope: str, rule: str) -> _Alarms:
        return self._live(scope).get(rule, {})

    def _alarm(self, scope: str, rule: str, *routes: Route) -> _Alarm:
        """The alarm of the first of these routes that has one."""
        alarms = self._of(scope, rule)
        for route in routes:
            if route in alarms:
                return alarms[route]
        what = f"there is no rule {rule} for the route {' or '.join(routes)}"
        raise ProviderFailed(what, where=f"alarm {scope}-{rule}-{routes[0]}", remedy="apply monitoring again")

    def _delete(self, alarms: Iterable[_Alarm]) -> None:
        if names := [alarm["AlarmName"] for alarm in alarms]:
            with self._aws.translated("CloudWatch"):
                self._client.delete_alarms(AlarmNames=names)


def _attributes(alarms: _Alarms, routes: Mapping[str, str], namespace: str) -> Attributes:
    shown = {route: alarm for route, alarm in alarms.items() if route} or alarms
    notifying = {
        route: [alarm for alarm in alarms.values() if route in _routes_of(alarm, routes)] for route in routes.values()
    }
    return {
        "probe": agreed({route: _probe(alarm) for route, alarm in shown.items()}),
        "period": agreed({route: alarm.get("Period") for route, alarm in shown.items()}),
        "periods": agreed({route: alarm["EvaluationPeriods"] for route, alarm in shown.items()}),
        "condition": agreed({route: _condition(alarm, namespace) for route, alarm in shown.items()}),
        "routes": {
            route: {"muted": not any(alarm["ActionsEnabled"] for alarm in found)}
            for route, found in notifying.items()
            if found
        },
        "otherwise": [word for route, alarm in sorted(alarms.items()) for word in _otherwise(route, alarm, routes)],
    }


def _routes_of(alarm: _Alarm, routes: Mapping[str, str]) -> list[str]:
    return [routes[arn] for arn in alarm.get("AlarmActions", []) if arn in routes]


def _otherwise(route: str, alarm: _Alarm, routes: Mapping[str, str]) -> list[str]:
    name = alarm["AlarmName"]
    wrong = [] if route else [f"the alarm {name} is of no route"]
    if route and route not in _routes_of(alarm, routes):
        wrong.append(f"the alarm {name} does not notify {route}")
    for key, when in _ACTIONS.items():
        foreign = (arn for arn in alarm.get(key, []) if when or not route or routes.get(arn) != route)
        wrong.extend(f"the alarm {name} notifies {routes.get(arn, arn)}{when}" for arn in foreign)
    return wrong


def _probe(alarm: _Alarm) -> str:
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])}
    return str(dimensions["Probe"]) if dimensions.keys() == {"Probe"} else str(dimensions)


def _condition(alarm: _Alarm, namespace: str) -> str:
    """`UNHEALTHY`, or, in words, what the alarm watches instead."""
    if alarm.get("Metrics"):
        return "a metric expression"
    needed = alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]
    all_of_them = needed == alarm["EvaluationPeriods"] and alarm.get("Namespace") == namespace
    if all_of_them and not alarm.get("Unit") and all(alarm.get(key) == value for key, value in _CONDITION.items()):
        return UNHEALTHY
    statistic = alarm.get("Statistic") or alarm.get("ExtendedStatistic")
    metric = " ".join(filter(None, (alarm.get("Namespace"), alarm.get("MetricName"), alarm.get("Unit"))))
    sign = _SIGNS.get(alarm["ComparisonOperator"], alarm["ComparisonOperator"])
    missing = alarm.get("TreatMissingData", "missing")
    return f"{statistic} of {metric} {sign} {alarm['Threshold']:g}, {needed} data points, missing data {missing}"
