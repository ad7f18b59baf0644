"""S3: a bucket for the engines' state and for our record, which it makes."""

from typing import Any

from botocore.exceptions import ClientError

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.s3_objects import NO_BUCKET, Objects
from provisioning_assets.backends.store.settings import S3


class S3Store(aws.OnAws):
    """A bucket. One that does not exist yet is empty; `prepare` makes it."""

    def __init__(self, settings: S3, access: Access) -> None:
        super().__init__(settings, access)
        self._bucket = settings.bucket
        self._objects = Objects(
            self._aws,
            settings.bucket,
            called="the bucket of the state and the record",
            remedy="an apply makes it; if one did, check who deleted it and whose credentials these are",
        )
        self._region = access.region

    def prepare(self) -> None:
        """Create the bucket unless it exists: not public, and versioned. S3 encrypts by itself."""
        with self._aws.translated("S3"):
            try:
                if self._s3.get_bucket_versioning(Bucket=self._bucket).get("Status") == "Enabled":
                    return
            except ClientError as error:
                if error.response["Error"]["Code"] != NO_BUCKET:
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
        return self._objects.read(key)

    def versions(self, prefix: str, *, after: str = "") -> dict[str, str]:
        """ETag of each key with the prefix."""
        return self._objects.versions(prefix, after=after)

    def create(self, key: str, content: bytes) -> bool:
        """Put if absent."""
        return self._objects.put(key, content, version=None)

    def replace(self, key: str, content: bytes, *, version: str) -> bool:
        """Put if the ETag is still this one."""
        return self._objects.put(key, content, version=version)

    def delete(self, key: str, *, version: str) -> bool:
        """Delete if the ETag is still this one."""
        return self._objects.delete(key, version=version)

    @property
    def _s3(self) -> Any:
        return self._objects.s3
