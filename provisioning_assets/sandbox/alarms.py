"""The alarm engine: evaluates CloudWatch alarms as CloudWatch does, because moto does not.

It evaluates each alarm once a second, sets its state, and notifies the alarm's actions on a transition while
`ActionsEnabled` is true. It is an emulation, and evidence says so.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from provisioning_assets.sandbox.processes import say
from provisioning_assets.sandbox.watching import client, watch

LOOK_EVERY = 1.0
"""Seconds between two evaluations."""

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
_COMPARE = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Minimum": min,
    "Maximum": max,
    "Sum": sum,
    "SampleCount": sum,  # of the counts of all seconds
    "Average": lambda values: sum(values) / len(values),
}
Point = tuple[datetime, float]
"""A time, and the alarm's statistic over that second."""


def unsupported(alarm: Mapping[str, Any]) -> str | None:
    """Why the engine cannot judge this alarm (metric mathematics, percentiles, anomaly bands); None when it can."""
    for key, known in (("Statistic", _STATISTICS), ("ComparisonOperator", _COMPARE)):
        if alarm.get(key) not in known:
            return f"its {key} {alarm.get(key)} is not emulated"
    return None


def evaluate(alarm: Mapping[str, Any], points: Sequence[Point], now: datetime) -> str:
    """The state of an alarm, from the metric's points in its last evaluation periods."""
    compare, threshold = _COMPARE[alarm["ComparisonOperator"]], alarm["Threshold"]
    period, periods = timedelta(seconds=alarm["Period"]), alarm["EvaluationPeriods"]
    needed = alarm.get("DatapointsToAlarm") or periods
    missing = alarm.get("TreatMissingData", "missing")
    breaching = seen = 0
    for number in range(periods):
        begin, end = now - period * (number + 1), now - period * number
        values = [value for at, value in points if begin < at <= end]
        if values:
            seen += 1
            breaching += compare(_STATISTICS[alarm["Statistic"]](values), threshold)
        elif missing == "breaching":
            breaching += 1
    if breaching >= needed:
        return ALARM
    if seen == 0 and missing == "missing":
        return INSUFFICIENT
    return str(alarm["StateValue"]) if seen == 0 and missing == "ignore" else OK


class Engine:
    """Evaluates every alarm of the emulated account."""

    def __init__(self) -> None:
        self._cloudwatch = client("cloudwatch")
        self._sns = client("sns")

    def look(self) -> None:
        """Judge every alarm once; one that cannot be judged is logged, and does not hold up the others."""
        for page in self._cloudwatch.get_paginator("describe_alarms").paginate():
            for alarm in page["MetricAlarms"]:
                try:
                    self._judge(alarm)
                except ClientError as error:
                    say(f"{alarm['AlarmName']}: {error}")

    def _judge(self, alarm: Mapping[str, Any]) -> None:
        if reason := unsupported(alarm):
            self._leave_undecided(alarm, reason)
            return
        now = datetime.now(UTC)
        state = evaluate(alarm, self._points(alarm, now), now)
        before = alarm["StateValue"]
        if state == before:
            return
        reason = f"{alarm['Statistic']} over {alarm['Period']} s, threshold {alarm['Threshold']}"
        self._cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue=state, StateReason=reason)
        actions = {ALARM: "AlarmActions", OK: "OKActions", INSUFFICIENT: "InsufficientDataActions"}[state]
        if alarm["ActionsEnabled"]:
            for topic in alarm.get(actions, []):
                self._notify(topic, alarm, before, state, reason, now)

    def _leave_undecided(self, alarm: Mapping[str, Any], reason: str) -> None:
        """Set the alarm to INSUFFICIENT_DATA: moto creates it as OK, but one that nobody judges must not look fine."""
        if alarm["StateValue"] != INSUFFICIENT:
            told = f"not evaluated: {reason}"
            self._cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue=INSUFFICIENT, StateReason=told)
            say(f"{alarm['AlarmName']} is {told}")

    def _points(self, alarm: Mapping[str, Any], now: datetime) -> list[Point]:
        """Points of one second each, the finest resolution of the API."""
        span = timedelta(seconds=alarm["Period"] * alarm["EvaluationPeriods"])
        answer = self._cloudwatch.get_metric_statistics(
            Namespace=alarm["Namespace"],
            MetricName=alarm["MetricName"],
            Dimensions=alarm["Dimensions"],
            StartTime=now - span,
            EndTime=now + timedelta(seconds=1),
            Period=1,
            Statistics=[alarm["Statistic"]],
        )
        return [(point["Timestamp"], point[alarm["Statistic"]]) for point in answer["Datapoints"]]

    def _notify(
        self, topic: str, alarm: Mapping[str, Any], before: str, state: str, reason: str, now: datetime
    ) -> None:
        message = {
            "AlarmName": alarm["AlarmName"],
            "AlarmArn": alarm["AlarmArn"],
            "OldStateValue": before,
            "NewStateValue": state,
            "NewStateReason": reason,
            "StateChangeTime": now.isoformat(),
        }
        self._sns.publish(TopicArn=topic, Subject=f"{state}: {alarm['AlarmName']}", Message=json.dumps(message))
        say(f"{now.isoformat()} {alarm['AlarmName']} {before} -> {state}: {topic}")


def serve(port: int) -> None:
    """Evaluate until the process ends."""
    watch(Engine().look, LOOK_EVERY, port)
