"""Objects in a bucket of S3, written only on a condition (`If-None-Match`, `If-Match`).

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from provisioning_assets.backends.aws import Aws
from provisioning_assets.errors import ProviderFailed

NO_BUCKET = "NoSuchBucket"
_LOST = {"PreconditionFailed", "ConditionalRequestConflict"}
_ABSENT = {"NoSuchKey", NO_BUCKET, "404"}


@dataclass(frozen=True)
class Objects:
    """The objects of a bucket. One that does not exist is empty, and takes nothing."""

    own: Aws
    bucket: str
    called: str
    """What the bucket is, for people: `the bucket of …`."""
    remedy: str
    """What to do when it does not exist."""

    def read(self, key: str) -> tuple[bytes, str] | None:
        """Content and ETag; None when there is no such object."""
        with self.own.translated("S3"):
            try:
                answer = self.s3.get_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] in _ABSENT:
                    return None
                raise
            return answer["Body"].read(), answer["ETag"]

    def versions(self, prefix: str, *, after: str = "") -> dict[str, str]:
        """ETag of each key with the prefix, page by page, sorted as S3 does."""
        with self.own.translated("S3"):
            listing = self.s3.get_paginator("list_objects_v2")
            start = {"StartAfter": after} if after else {}
            pages = listing.paginate(Bucket=self.bucket, Prefix=prefix, **start)
            try:
                return {entry["Key"]: entry["ETag"] for page in pages for entry in page.get("Contents", [])}
            except ClientError as error:
                if error.response["Error"]["Code"] in _ABSENT:
                    return {}
                raise

    def put(self, key: str, content: bytes, *, version: str | None, **more: str) -> bool:
        """Put if the ETag is still this one; if there is no such object, where `version` is None. False: it is not."""
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        lost = self._attempt(lambda: self.s3.put_object(Bucket=self.bucket, Key=key, Body=content, **condition, **more))
        if lost is None:
            return True
        if not lost.response["ResponseMetadata"].get("RetryAttempts"):
            return False
        # The first attempt may have succeeded and its answer been lost: then the winner is our own write.
        found = self.read(key)
        return found is not None and found[0] == content

    def delete(self, key: str, *, version: str) -> bool:
        """Delete if the ETag is still this one."""
        return self._attempt(lambda: self.s3.delete_object(Bucket=self.bucket, Key=key, IfMatch=version)) is None

    def _attempt(self, write: Callable[[], object]) -> ClientError | None:
        """Attempt a write; returns the error if another writer was first, since that is an answer and no failure."""
        with self.own.translated("S3"):
            try:
                write()
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == NO_BUCKET:
                    raise ProviderFailed(
                        f"{self.called} does not exist",
                        where=f"s3://{self.bucket}",
                        cause=code,
                        remedy=self.remedy,
                    ) from None
                if code not in _LOST | _ABSENT:
                    raise
                return error
        return None

    @property
    def s3(self) -> Any:
        """The client."""
        return self.own.client("s3")
