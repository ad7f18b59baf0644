"""Amazon SNS: the topic of each route, and its subscriptions."""

import json

from provisioning_assets.backends.aws import Aws
from provisioning_assets.backends.monitoring import ROUTES
from provisioning_assets.core.plan import Json
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

    def put(self, scope: str, route: str) -> str:
        """Create the topic unless it exists; returns its ARN."""
        with self._aws.translated("SNS"):
            return str(self._client.create_topic(Name=f"{scope}-{route}")["TopicArn"])

    def delete(self, topic: str) -> None:
        """Delete the topic with its subscriptions."""
        with self._aws.translated("SNS"):
            self._client.delete_topic(TopicArn=topic)

    def subscribe(self, topic: str, queue: str) -> None:
        """Let the queue receive every message in SNS's envelope, and remove a filter from its subscription."""
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
        """ARN of each subscription of the queue, and whether it passes on every message unchanged."""
        pages = self._client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        arns = [
            each["SubscriptionArn"] for page in pages for each in page["Subscriptions"] if each["Endpoint"] == queue
        ]
        return [(arn, self._plain(arn)) for arn in arns]

    def _plain(self, subscription: str) -> bool:
        attributes = self._client.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
        filtered = json.loads(attributes.get("FilterPolicy") or "{}")
        return not filtered and attributes.get("RawMessageDelivery", "false") == "false"
