"""The alarm engine: does with CloudWatch's alarms what CloudWatch does, and moto does not.

It evaluates each alarm once a second, sets its state, and on a transition notifies the alarm's actions,
but only while `ActionsEnabled`. Whatever it proves, it proves as an emulation, and evidence says so.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

import json
import operator
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

NO_ANSWER = (BotoCoreError, ClientError, ResponseParserError)

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
    "SampleCount": sum,  # of each second's count
    "Average": lambda values: sum(values) / len(values),
}
Point = tuple[datetime, float]
"""When, and the alarm's statistic over that one second."""


def unsupported(alarm: Mapping[str, Any]) -> str | None:
    """Why the engine cannot judge this alarm (metric mathematics, percentiles, anomaly bands); None when it can."""
    for key, known in (("Statistic", _STATISTICS), ("ComparisonOperator", _COMPARE)):
        if alarm.get(key) not in known:
            return f"its {key} {alarm.get(key)} is not emulated"
    return None


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
        self._named: set[str] = set()

    def run(self, ended: threading.Event) -> None:
        """Look again and again; a cloud that is away is looked for again."""
        while not ended.wait(LOOK_EVERY):
            try:
                self.look()
            except NO_ANSWER as error:
                _say(f"the cloud does not answer: {type(error).__name__}")

    def look(self) -> None:
        """Judge every alarm once; one that cannot be judged is named, and holds up no other."""
        for page in self._cloudwatch.get_paginator("describe_alarms").paginate():
            for alarm in page["MetricAlarms"]:
                try:
                    self._judge(alarm)
                except ClientError as error:
                    _say(f"{alarm['AlarmName']}: {error}")

    def _judge(self, alarm: Mapping[str, Any]) -> None:
        if reason := unsupported(alarm):
            if alarm["AlarmName"] not in self._named:
                self._named.add(alarm["AlarmName"])
                _say(f"{alarm['AlarmName']} is not evaluated: {reason}")
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
        _say(f"{now.isoformat()} {alarm['AlarmName']} {before} -> {state}: {topic}")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - its log


def serve(port: int) -> None:
    """Evaluate until the process is ended; the port opens after the first look, which tells that all is well."""
    engine = Engine()
    engine.look()
    with socket.create_server(("127.0.0.1", port)):
        engine.run(threading.Event())
