"""S3: conditional writes on objects (`If-None-Match`, `If-Match`).

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.store.settings import S3
from provisioning_assets.errors import ProviderFailed

_LOST = {"PreconditionFailed", "ConditionalRequestConflict"}
_NO_BUCKET = "NoSuchBucket"
_ABSENT = {"NoSuchKey", _NO_BUCKET, "404"}


class S3Store(aws.OnAws):
    """A bucket. One that does not exist yet is empty; `prepare` makes it."""

    def __init__(self, settings: S3, access: Access) -> None:
        super().__init__(settings, access)
        self._bucket = settings.bucket
        self._region = access.region

    def prepare(self) -> None:
        """Create the bucket unless it exists: not public, and versioned. S3 encrypts by itself."""
        with self._aws.translated("S3"):
            try:
                if self._s3.get_bucket_versioning(Bucket=self._bucket).get("Status") == "Enabled":
                    return
            except ClientError as error:
                if error.response["Error"]["Code"] != _NO_BUCKET:
                    raise
                self._create_bucket()
            closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
            self._s3.put_public_access_block(
                Bucket=self._bucket, PublicAccessBlockConfiguration=dict.fromkeys(closed, True)
            )
            # Last, since versioning marks that everything before it was done.
            self._s3.put_bucket_versioning(Bucket=self._bucket, VersioningConfiguration={"Status": "Enabled"})

    def _create_bucket(self) -> None:
        # us-east-1 is the only region that the API refuses by name.
        place = {} if self._region == "us-east-1" else {"LocationConstraint": self._region}
        try:
            self._s3.create_bucket(Bucket=self._bucket, **({"CreateBucketConfiguration": place} if place else {}))
        except ClientError as error:
            if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
                raise  # the other code, BucketAlreadyExists, means that somebody else has a bucket of that name

    def read(self, key: str) -> tuple[bytes, str] | None:
        """Content and ETag; None when there is no such object."""
        with self._aws.translated("S3"):
            try:
                answer = self._s3.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] in _ABSENT:
                    return None
                raise
            return answer["Body"].read(), answer["ETag"]

    def versions(self, prefix: str, *, after: str = "") -> dict[str, str]:
        """ETag of each key with the prefix, page by page, sorted as S3 does."""
        with self._aws.translated("S3"):
            listing = self._s3.get_paginator("list_objects_v2")
            start = {"StartAfter": after} if after else {}
            pages = listing.paginate(Bucket=self._bucket, Prefix=prefix, **start)
            try:
                return {entry["Key"]: entry["ETag"] for page in pages for entry in page.get("Contents", [])}
            except ClientError as error:
                if error.response["Error"]["Code"] in _ABSENT:
                    return {}
                raise

    def create(self, key: str, content: bytes) -> bool:
        """Put if absent."""
        return self._put(key, content, IfNoneMatch="*")

    def replace(self, key: str, content: bytes, *, version: str) -> bool:
        """Put if the ETag is still this one."""
        return self._put(key, content, IfMatch=version)

    def delete(self, key: str, *, version: str) -> bool:
        """Delete if the ETag is still this one."""
        lost = self._attempt(lambda: self._s3.delete_object(Bucket=self._bucket, Key=key, IfMatch=version))
        return lost is None

    def _put(self, key: str, content: bytes, **condition: str) -> bool:
        lost = self._attempt(lambda: self._s3.put_object(Bucket=self._bucket, Key=key, Body=content, **condition))
        if lost is None:
            return True
        if not lost.response["ResponseMetadata"].get("RetryAttempts"):
            return False
        # The first attempt may have succeeded and its answer been lost: then the winner is our own write.
        found = self.read(key)
        return found is not None and found[0] == content

    def _attempt(self, write: Callable[[], object]) -> ClientError | None:
        """Attempt a write; returns the error if another writer was first, since that is an answer and no failure."""
        with self._aws.translated("S3"):
            try:
                write()
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == _NO_BUCKET:
                    raise ProviderFailed(
                        "the bucket of the state and the record does not exist",
                        where=f"s3://{self._bucket}",
                        cause=code,
                        remedy="an apply makes it; if one did, check who deleted it and whose credentials these are",
                    ) from None
                if code not in _LOST | _ABSENT:
                    raise
                return error
        return None

    @property
    def _s3(self) -> Any:
        return self._aws.client("s3")
