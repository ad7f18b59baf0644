"""Calls to Secrets Manager and IAM. Their errors become ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from provisioning_assets.backends import aws, aws_errors
from provisioning_assets.backends.aws_errors import when_allowed
from provisioning_assets.errors import ProviderFailed

_CALLED = {"secretsmanager": "AWS Secrets Manager", "iam": "AWS IAM", "sts": "AWS STS"}


class Answered(ProviderFailed):
    """AWS answered with an error; `code` is its name there."""

    def __init__(self, what: str, code: str, *, where: str, cause: str, remedy: str) -> None:
        super().__init__(what, where=where, cause=cause, remedy=remedy)
        self.code = code


@contextmanager
def unless(code: str) -> Iterator[None]:
    """Pass over the error with this code."""
    try:
        yield
    except Answered as error:
        if error.code != code:
            raise


class Answer(dict[str, Any]):
    """What AWS answered. Each key that we ask for is in every answer: without it, this is another server."""

    def __missing__(self, key: str) -> Any:
        raise aws_errors.nonsense("AWS", aws_errors.ENDPOINT, f"the answer has no {key}")


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

    def ask(self, service: str, operation: str, about: str, **parameters: Any) -> "Answer":
        """The answer; `Answered` with the code of an error. `about` is what the call is about, for people."""
        called, access = _CALLED[service], self.own.access
        with self.own.translated(called):
            try:
                found = Answer(when_allowed(getattr(self.own.client(service), operation), **parameters))
                if service == "secretsmanager" and operation != "list_secrets":
                    _ = found["ARN"]
            except ClientError as error:
                answer, remedy = error.response.get("Error", {}), aws_errors.remedy(error, access)
            except ResponseParserError:
                answer = None
            else:
                return found
        # Outside of the handlers: an error would carry the answer as its context.
        if answer is None:
            raise aws_errors.nonsense(called, about, "its answer cannot be read")
        code = str(answer.get("Code", "unknown"))
        # What a call with a value is answered may repeat the value.
        told = "" if "SecretString" in parameters else str(answer.get("Message", ""))
        cause = f"{code}: {told}".removesuffix(": ")
        raise Answered(f"{called}: {operation} failed", code, where=about, cause=cause, remedy=remedy)

    def pages(self, service: str, operation: str, key: str, about: str, **parameters: Any) -> Iterator[Any]:
        """What a list holds under a key, page by page."""
        marker = "Marker" if service == "iam" else "NextToken"
        while True:
            page = self.ask(service, operation, about, **parameters)
            yield from page[key]
            if not page.get(marker):
                return
            parameters[marker] = page[marker]
