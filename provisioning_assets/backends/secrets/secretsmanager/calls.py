"""Calls to Secrets Manager and IAM. Their errors become ours, and nothing that they carry is logged."""

import logging
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from provisioning_assets.backends import aws
from provisioning_assets.errors import ProviderFailed

_CALLED = {"secretsmanager": "AWS Secrets Manager", "iam": "AWS IAM", "sts": "AWS STS"}
_DENIED = {"AccessDeniedException", "AccessDenied"}
_REMEDIES = {
    "LimitExceeded": "delete what nobody needs any more, or ask AWS for a higher quota",
    "LimitExceededException": "delete what nobody needs any more, or ask AWS for a higher quota",
    "Throttling": "run again in a minute: others use up what the account may ask",
    "ThrottlingException": "run again in a minute: others use up what the account may ask",
    "EncryptionFailure": "enable the KMS key, and let its policy give these credentials kms:GenerateDataKey",
    "DecryptionFailure": "enable the KMS key, and let its policy give these credentials kms:Decrypt",
}


class Answered(ProviderFailed):
    """AWS answered with an error; `code` is its name there."""

    def __init__(self, what: str, code: str, *, where: str, cause: str, remedy: str) -> None:
        super().__init__(what, where=where, cause=cause, remedy=remedy)
        self.code = code


class Calls:
    """Calls with one environment's access."""

    def __init__(self, own: aws.Aws) -> None:
        self.own = own

    @property
    def region(self) -> str:
        """The region in which the secrets lie."""
        return str(self._meta.region_name)

    @property
    def partition(self) -> str:
        """First part of every ARN: `aws`, or that of China or of a government."""
        return str(self._meta.partition)

    @property
    def _meta(self) -> Any:
        with self.own.translated(_CALLED["secretsmanager"]):
            return self.own.client("secretsmanager").meta

    def ask(self, service: str, operation: str, about: str, **parameters: Any) -> Any:
        """The answer; `Answered` with the code of an error. `about` is what the call is about, for people."""
        with self.own.translated(_CALLED[service]):
            try:
                return aws.when_allowed(getattr(self.own.client(service), operation), **parameters)
            except ClientError as error:
                answer = error.response.get("Error", {})
        # Outside of the handler: the error would carry the answer as its context.
        code = str(answer.get("Code", "unknown"))
        # What a call with a value is answered may repeat the value.
        told = "" if "SecretString" in parameters else str(answer.get("Message", ""))
        remedy = _REMEDIES.get(code, "correct what the cause says, then run again")
        if code in _DENIED:
            remedy = (
                f"allow {service}:{operation.title().replace('_', '')} to the credentials of {self.own.access.name}"
            )
        raise Answered(
            f"{_CALLED[service]}: {operation} failed",
            code,
            where=about,
            cause=f"{code}: {told}".removesuffix(": "),
            remedy=remedy,
        )

    def pages(self, service: str, operation: str, key: str, about: str, **parameters: Any) -> Iterator[Any]:
        """What a list holds under a key, page by page."""
        marker, next_marker = ("Marker", "Marker") if service == "iam" else ("NextToken", "NextToken")
        while True:
            page = self.ask(service, operation, about, **parameters)
            yield from page[key]
            if not page.get(next_marker):
                return
            parameters[marker] = page[next_marker]


def _says_nothing(record: logging.LogRecord) -> bool:
    """Drop what botocore logs for debugging: the bodies of requests and answers, with values and credentials."""
    return record.levelno > logging.DEBUG


for _name in ("botocore.endpoint", "botocore.parsers"):
    logging.getLogger(_name).addFilter(_says_nothing)
