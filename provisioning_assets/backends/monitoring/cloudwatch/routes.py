"""Routes on SNS and SQS: a topic that rules notify, and a queue beside its receivers that shows what was delivered."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from provisioning_assets.backends.aws import Aws
from provisioning_assets.backends.monitoring import ROUTES, Delivery, Route
from provisioning_assets.backends.monitoring.cloudwatch.rules import STATES
from provisioning_assets.backends.monitoring.cloudwatch.topics import Topics
from provisioning_assets.core.plan import Attributes, Json
from provisioning_assets.errors import ProviderFailed


class Routes:
    """Routes: a topic each, and its delivery probe, the SQS queue `<scope>-<route>-tap`, which subscribes to it."""

    def __init__(self, aws: Aws, topics: Topics) -> None:
        self._aws = aws
        self._topics = topics

    @property
    def _client(self) -> Json:
        return self._aws.client("sqs")

    def read(self, scope: str) -> dict[str, Attributes]:
        """Route to attributes; a route with neither topic nor queue is left out."""
        topics = self._topics.arns(scope)
        found: dict[str, Attributes] = {}
        for route in ROUTES:
            topic, queue = topics.get(route), self._queue(scope, route)
            if topic or queue:
                wrong = self._wrong(topic, queue)
                found[route] = {"delivers": topic is not None, "observed": not wrong, "otherwise": wrong}
        return found

    def put(self, scope: str, route: str, _: Attributes) -> None:
        """Create topic and queue, allow the topic to send to the queue, and subscribe it without a filter."""
        topic = self._topics.put(scope, route)
        with self._aws.translated("SQS"):
            url = self._client.create_queue(QueueName=f"{scope}-{route}-tap")["QueueUrl"]
            queue = self._attributes(url)["QueueArn"]
            self._client.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(_policy(topic, queue))})
        self._topics.subscribe(topic, queue)

    def delete(self, scope: str, route: str) -> None:
        """Delete queue, subscription and topic, whichever exist."""
        topic, queue = self._topics.arns(scope).get(route), self._queue(scope, route)
        if topic and queue:
            self._topics.unsubscribe(topic, queue["QueueArn"])
        if queue:
            with self._aws.translated("SQS"):
                self._client.delete_queue(QueueUrl=self._url(scope, route))
        if topic:
            self._topics.delete(topic)

    def deliveries(self, scope: str, route: Route) -> list[Delivery]:
        """Take the queue's messages: one long poll, then short ones while there are more."""
        url = self._url(scope, route)
        if url is None:
            raise ProviderFailed(
                f"the delivery probe of the {route} route is gone: nobody can tell what was delivered",
                where=f"SQS queue {scope}-{route}-tap",
                remedy="apply monitoring again",
            )
        taken = []
        with self._aws.translated("SQS"):
            messages = self._receive(url, wait=1)
            while messages:
                for message in messages:
                    taken.append(_delivery(message, scope, route))
                    self._client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                messages = self._receive(url, wait=0)
        return taken

    def _wrong(self, topic: str | None, queue: Mapping[str, str] | None) -> list[str]:
        """Why the queue would not receive what the topic's other subscribers receive."""
        if topic is None or queue is None:
            return ["there is no topic" if queue else "there is no delivery probe"]
        arn = queue["QueueArn"]
        found = [] if self._topics.subscribed(topic, arn) else ["its delivery probe is not subscribed to all of it"]
        if json.loads(queue.get("Policy") or "{}") != _policy(topic, arn):
            found.append("the policy of its delivery probe is not ours")
        return found

    def _receive(self, url: str, *, wait: int) -> list[dict[str, Json]]:
        # A short poll (wait 0) asks a subset of SQS's servers and may miss a message that is there.
        answer = self._client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait, MessageSystemAttributeNames=["SentTimestamp"]
        )
        return list(answer.get("Messages", []))

    def _url(self, scope: str, route: str) -> str | None:
        with self._aws.translated("SQS"):
            try:
                return str(self._client.get_queue_url(QueueName=f"{scope}-{route}-tap")["QueueUrl"])
            except self._client.exceptions.QueueDoesNotExist:
                return None

    def _queue(self, scope: str, route: str) -> dict[str, str] | None:
        url = self._url(scope, route)
        if url is None:
            return None
        with self._aws.translated("SQS"):
            return self._attributes(url)

    def _attributes(self, url: str) -> dict[str, str]:
        names = ["QueueArn", "Policy"]
        return dict(self._client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"])


def _policy(topic: str, queue: str) -> dict[str, Json]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _delivery(message: Mapping[str, Json], scope: str, route: Route) -> Delivery:
    """The delivery in an SNS envelope. An unreadable one is a delivery too: somebody was notified."""
    received_at = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    try:
        alarm = json.loads(json.loads(message["Body"])["Message"])
        name, state = str(alarm["AlarmName"]), STATES[alarm["NewStateValue"]]
    except (ValueError, KeyError, TypeError):
        return Delivery("a message that is no alarm's", received_at, "unknown")
    rule = name.removeprefix(f"{scope}-").removesuffix(f"-{route}")
    return Delivery(rule if name == f"{scope}-{rule}-{route}" else f"the alarm {name}", received_at, state)
