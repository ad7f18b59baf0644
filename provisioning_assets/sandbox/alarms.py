"""The alarm engine: does with CloudWatch's alarms what CloudWatch does, and moto does not.

It evaluates each alarm once a second, sets its state, and on a transition notifies the alarm's actions,
but only while `ActionsEnabled`. Whatever it proves, it proves as an emulation, and evidence says so.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

import json
import operator
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

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
    "SampleCount": len,
    "Average": lambda values: sum(values) / len(values),
}
Point = tuple[datetime, float]


def evaluate(alarm: Mapping[str, Any], points: Sequence[Point], now: datetime) -> str:
    """State of an alarm from the metric's points, over its last evaluation periods."""
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
        settings = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 1})
        session: Any = boto3.session.Session()
        self._cloudwatch = session.client("cloudwatch", config=settings)
        self._sns = session.client("sns", config=settings)

    def run(self, ended: threading.Event) -> None:
        """Look again and again; a cloud that is away is looked for again."""
        while not ended.wait(LOOK_EVERY):
            try:
                for page in self._cloudwatch.get_paginator("describe_alarms").paginate():
                    for alarm in page["MetricAlarms"]:
                        self._look(alarm)
            except (BotoCoreError, ClientError) as error:
                print(f"the cloud does not answer: {type(error).__name__}", flush=True)  # noqa: T201 - its log

    def _look(self, alarm: Mapping[str, Any]) -> None:
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

    def _points(self, alarm: Mapping[str, Any], now: datetime) -> list[Point]:
        """Single points: a statistic over one second each, which is as fine as the API tells."""
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
        print(f"{now.isoformat()} {alarm['AlarmName']} {before} -> {state}: {topic}", flush=True)  # noqa: T201 - its log


def serve() -> None:
    """Evaluate until the process is ended."""
    Engine().run(threading.Event())
