"""CloudWatch Logs: log groups and their retention."""

from provisioning_assets.backends.aws import Aws
from provisioning_assets.core.plan import Attributes, Json


class Logs:
    """The signals `logs/<name>`: log groups `/<scope>/<name>`."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    @property
    def _client(self) -> Json:
        return self._aws.client("logs")

    def read(self, scope: str) -> dict[str, Attributes]:
        """Signal to retention; None keeps events for ever."""
        with self._aws.translated("CloudWatch Logs"):
            pages = self._client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/{scope}/")
            return {
                f"logs/{group['logGroupName'].removeprefix(f'/{scope}/')}": {
                    "retention_days": group.get("retentionInDays")
                }
                for page in pages
                for group in page["logGroups"]
            }

    def put(self, scope: str, signal: str, attributes: Attributes) -> None:
        """Create the group if it is missing, and set its retention."""
        group = _group(scope, signal)
        with self._aws.translated("CloudWatch Logs"):
            if signal not in self.read(scope):
                self._client.create_log_group(logGroupName=group)
            self._client.put_retention_policy(logGroupName=group, retentionInDays=attributes["retention_days"])

    def delete(self, scope: str, signal: str) -> None:
        """Delete the group with its events."""
        with self._aws.translated("CloudWatch Logs"):
            self._client.delete_log_group(logGroupName=_group(scope, signal))


def _group(scope: str, signal: str) -> str:
    return f"/{scope}/{signal.removeprefix('logs/')}"
