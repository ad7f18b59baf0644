"""The alarm engine of a running sandbox: who is called, and who is not."""

import json
import uuid
from datetime import UTC, datetime, timedelta

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from tests.support.waiting import wait_until


class Alarms:
    """A pager's and a quiet alarm on one metric of one test, each with a topic and a queue behind it."""

    def __init__(self, cloud: Access) -> None:
        self.scope = f"a{uuid.uuid4().hex[:8]}"
        self._cloudwatch, self._sns, self._sqs = (aws.of(cloud).client(each) for each in ("cloudwatch", "sns", "sqs"))
        self._queues = {route: self._route(route) for route in ("pager", "quiet")}

    def _route(self, route: str) -> str:
        topic = self._sns.create_topic(Name=f"{self.scope}-{route}")["TopicArn"]
        url = str(self._sqs.create_queue(QueueName=f"{self.scope}-{route}")["QueueUrl"])
        arn = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self._sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        # Maximum, so that one good point ends a breach at once; the real alarms' Minimum waits for the period.
        self._cloudwatch.put_metric_alarm(
            AlarmName=f"{self.scope}-{route}", Namespace=self.scope, MetricName="Healthy", Statistic="Maximum",
            Period=10, EvaluationPeriods=1, Threshold=1, ComparisonOperator="LessThanThreshold",
            TreatMissingData="notBreaching", AlarmActions=[topic], OKActions=[topic], ActionsEnabled=route == "quiet",
        )  # fmt: skip
        return url

    def page(self) -> None:
        self._cloudwatch.enable_alarm_actions(AlarmNames=[f"{self.scope}-pager"])

    def put(self, value: float) -> None:
        self._cloudwatch.put_metric_data(Namespace=self.scope, MetricData=[{"MetricName": "Healthy", "Value": value}])

    def breached(self) -> bool:
        """Put bad points until the good one before them is older than the period."""
        self.put(0)
        return self.states() == {"ALARM"}

    def states(self) -> set[str]:
        found = self._cloudwatch.describe_alarms(AlarmNamePrefix=self.scope)["MetricAlarms"]
        return {alarm["StateValue"] for alarm in found}

    def got(self, route: str) -> list[dict[str, str]]:
        """What the route's queue holds, oldest first; taken."""
        url, taken = self._queues[route], []
        while messages := self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                taken.append(json.loads(json.loads(message["Body"])["Message"]))
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return taken


def test_an_alarm_calls_only_while_its_actions_are_enabled(cloud: Access) -> None:
    alarms = Alarms(cloud)
    wait_until(lambda: alarms.states() == {"OK"})
    wait_until(alarms.breached)
    message = wait_until(lambda: [m for m in alarms.got("quiet") if m["NewStateValue"] == "ALARM"])[0]
    assert message["AlarmName"] == f"{alarms.scope}-quiet"
    assert message["OldStateValue"] == "OK"
    assert datetime.fromisoformat(message["StateChangeTime"]) > datetime.now(UTC) - timedelta(minutes=1)
    assert alarms.got("pager") == []
    alarms.page()
    alarms.put(1)
    wait_until(lambda: alarms.states() == {"OK"})
    wait_until(alarms.breached)
    told = wait_until(lambda: [m for m in alarms.got("pager") if m["NewStateValue"] == "ALARM"])
    assert [m["AlarmName"] for m in told] == [f"{alarms.scope}-pager"]
