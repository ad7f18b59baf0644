"""Amazon SNS and SQS: the topics that alarms notify, and the taps that show what was delivered."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from provisioning_assets.backends.aws import Aws
from provisioning_assets.backends.monitoring import ROUTES, Delivery, Route
from provisioning_assets.core.plan import Attributes, Json
from provisioning_assets.errors import ProviderFailed


class Topics:
    """SNS topics `<scope>-<route>`."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    @property
    def _client(self) -> Json:
        return self._aws.client("sns")

    def arns(self, scope: str) -> dict[str, str]:
        """Route to ARN of the topics that exist."""
        with self._aws.translated("SNS"):
            pages = self._client.get_paginator("list_topics").paginate()
            arns = [topic["TopicArn"] for page in pages for topic in page["Topics"]]
        named = {arn.rpartition(":")[2]: arn for arn in arns}
        return {route: named[f"{scope}-{route}"] for route in ROUTES if f"{scope}-{route}" in named}

    def arn(self, scope: str, route: str) -> str:
        """ARN of one topic; `ProviderFailed` when there is none."""
        arns = self.arns(scope)
        if route not in arns:
            raise ProviderFailed(
                f"there is no {route} topic",
                where=f"SNS topic {scope}-{route}",
                remedy="apply monitoring again: topics are written before what uses them",
            )
        return arns[route]

    def read(self, scope: str) -> dict[str, Attributes]:
        """Route to nothing more: that the topic exists is all there is."""
        return {route: {} for route in self.arns(scope)}

    def put(self, scope: str, route: str, _: Attributes) -> None:
        """Create the topic, or leave it."""
        with self._aws.translated("SNS"):
            self._client.create_topic(Name=f"{scope}-{route}")

    def delete(self, scope: str, route: str) -> None:
        """Delete the topic with its subscriptions."""
        arn = self.arn(scope, route)
        with self._aws.translated("SNS"):
            self._client.delete_topic(TopicArn=arn)

    def subscribe(self, topic: str, queue: str) -> None:
        """Let the queue receive every message in SNS's envelope, whatever its subscription filtered before."""
        with self._aws.translated("SNS"):
            for subscription, plain in self._subscriptions(topic, queue):
                if not plain:
                    self._client.unsubscribe(SubscriptionArn=subscription)
            self._client.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

    def unsubscribe(self, topic: str, queue: str) -> None:
        """End every subscription of the queue."""
        with self._aws.translated("SNS"):
            for subscription, _ in self._subscriptions(topic, queue):
                self._client.unsubscribe(SubscriptionArn=subscription)

    def subscribed(self, topic: str, queue: str) -> bool:
        """True when the queue receives every message in SNS's envelope."""
        with self._aws.translated("SNS"):
            return any(plain for _, plain in self._subscriptions(topic, queue))

    def _subscriptions(self, topic: str, queue: str) -> list[tuple[str, bool]]:
        """ARNs of the queue's subscriptions, and whether they let every message through as it is."""
        pages = self._client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        arns = [
            each["SubscriptionArn"] for page in pages for each in page["Subscriptions"] if each["Endpoint"] == queue
        ]
        return [(arn, self._plain(arn)) for arn in arns]

    def _plain(self, subscription: str) -> bool:
        attributes = self._client.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
        filtered = json.loads(attributes.get("FilterPolicy") or "{}")
        return not filtered and attributes.get("RawMessageDelivery", "false") == "false"


class Taps:
    """SQS queues `<scope>-<route>-tap`, each subscribed to its route's topic."""

    def __init__(self, aws: Aws, topics: Topics) -> None:
        self._aws = aws
        self._topics = topics

    @property
    def _client(self) -> Json:
        return self._aws.client("sqs")

    def read(self, scope: str) -> dict[str, Attributes]:
        """Route to whether its tap is subscribed, and allowed to receive."""
        topics = self._topics.arns(scope)
        taps: dict[str, Attributes] = {}
        for route in ROUTES:
            queue = self._queue(scope, route)
            if queue is None:
                continue
            topic, arn = topics.get(route), queue["QueueArn"]
            taps[route] = {
                "subscribed": topic is not None and self._topics.subscribed(topic, arn),
                "allowed": topic is not None and json.loads(queue.get("Policy") or "{}") == _policy(topic, arn),
            }
        return taps

    def put(self, scope: str, route: str, _: Attributes) -> None:
        """Create the queue, let the topic send to it, subscribe it without a filter."""
        topic = self._topics.arn(scope, route)
        with self._aws.translated("SQS"):
            url = self._client.create_queue(QueueName=f"{scope}-{route}-tap")["QueueUrl"]
            arn = self._attributes(url)["QueueArn"]
            self._client.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(_policy(topic, arn))})
        self._topics.subscribe(topic, arn)

    def delete(self, scope: str, route: str) -> None:
        """Delete the queue and its subscription."""
        url, queue = self._url(scope, route), self._queue(scope, route)
        if url is None or queue is None:
            return
        topic = self._topics.arns(scope).get(route)
        if topic:
            self._topics.unsubscribe(topic, queue["QueueArn"])
        with self._aws.translated("SQS"):
            self._client.delete_queue(QueueUrl=url)

    def deliveries(self, scope: str, route: Route) -> list[Delivery]:
        """Take the queue's messages: one long poll, and short ones for as long as there are more."""
        url = self._url(scope, route)
        if url is None:
            raise ProviderFailed(
                f"the {route} tap is gone: nobody can tell what was delivered",
                where=f"SQS queue {scope}-{route}-tap",
                remedy="apply monitoring again",
            )
        taken = []
        with self._aws.translated("SQS"):
            messages = self._receive(url, wait=1)
            while messages:
                for message in messages:
                    taken.append(_delivery(message, scope))
                    self._client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                messages = self._receive(url, wait=0)
        return taken

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


def _delivery(message: Mapping[str, Json], scope: str) -> Delivery:
    """What an SNS envelope says. One that cannot be read is a delivery all the same: somebody was called."""
    received_at = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    try:
        alarm = json.loads(json.loads(message["Body"])["Message"])
        return Delivery(str(alarm["AlarmName"]).removeprefix(f"{scope}-"), received_at, str(alarm["NewStateValue"]))
    except (ValueError, KeyError, TypeError):
        return Delivery("a message that is no alarm's", received_at, "unknown")
