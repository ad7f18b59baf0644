"""S3: conditional writes on objects (`If-None-Match`, `If-Match`).

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from provisioning_assets.providers import aws

_LOST = {"PreconditionFailed", "ConditionalRequestConflict"}
_ABSENT = {"NoSuchKey", "NoSuchBucket", "404"}


class S3Store:
    """A bucket. One that does not exist yet is empty; `prepare` makes it."""

    def __init__(self, bucket: str, region: str) -> None:
        self._bucket = bucket
        self._region = region

    def prepare(self) -> None:
        """Make the bucket: versioned, encrypted, closed to the public. Does nothing when it is there."""
        with aws.translated("S3"):
            try:
                self._s3.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                if error.response["Error"]["Code"] != "404":
                    raise
            else:
                return
            # us-east-1 is the one region that the API does not want to be named.
            place = {} if self._region == "us-east-1" else {"LocationConstraint": self._region}
            self._s3.create_bucket(Bucket=self._bucket, **({"CreateBucketConfiguration": place} if place else {}))
            self._s3.put_bucket_versioning(
                Bucket=self._bucket, VersioningConfiguration={"Status": "Enabled"}
            )
            closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
            self._s3.put_public_access_block(
                Bucket=self._bucket, PublicAccessBlockConfiguration=dict.fromkeys(closed, True)
            )

    def read(self, key: str) -> tuple[bytes, str] | None:
        """Content and ETag; None when there is no such object."""
        with aws.translated("S3"):
            try:
                answer = self._s3.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] in _ABSENT:
                    return None
                raise
            return answer["Body"].read(), answer["ETag"]

    def keys(self, prefix: str) -> list[str]:
        """All keys with the prefix, page by page, sorted as S3 does."""
        with aws.translated("S3"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            try:
                return [entry["Key"] for page in pages for entry in page.get("Contents", [])]
            except ClientError as error:
                if error.response["Error"]["Code"] in _ABSENT:
                    return []
                raise

    def create(self, key: str, content: bytes) -> bool:
        """Put if absent."""
        with _won() as won:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=content, IfNoneMatch="*")
        return bool(won)

    def replace(self, key: str, content: bytes, *, version: str) -> bool:
        """Put if the ETag is still this one."""
        with _won() as won:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=content, IfMatch=version)
        return bool(won)

    def delete(self, key: str, *, version: str) -> bool:
        """Delete if the ETag is still this one."""
        with _won() as won:
            self._s3.delete_object(Bucket=self._bucket, Key=key, IfMatch=version)
        return bool(won)

    @property
    def _s3(self) -> Any:
        return aws.client("s3", self._region)


@contextmanager
def _won() -> Iterator[list[bool]]:
    """True in the list when the condition held; another writer's success is an answer, not an error."""
    won: list[bool] = []
    with aws.translated("S3"):
        try:
            yield won
            won.append(True)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _LOST | _ABSENT:
                raise
