"""Terraform's `s3` backend: a state and its lock are objects in a bucket.

https://developer.hashicorp.com/terraform/language/backend/s3
"""

from collections.abc import Mapping
from types import MappingProxyType

from botocore.exceptions import ClientError

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import StageRoot, StateLocked
from provisioning_assets.backends.infrastructure.terraform import root
from provisioning_assets.backends.infrastructure.terraform.program import Program
from provisioning_assets.errors import ProviderFailed

_ABSENT = {"NoSuchKey", "NoSuchBucket", "404"}


class S3State:
    """The state object of a stage."""

    kind = "s3"
    variables: Mapping[str, str] = MappingProxyType({})

    def __init__(self, stage: StageRoot, access: Access, program: Program) -> None:
        self._command = program.command
        self._aws = aws.of(access)
        self._stage = stage.name
        self._bucket = str(stage.state.model_dump()["bucket"])
        self._key = root.state_key(stage)
        self.name = f"s3://{self._bucket}/{self._key}"
        # A server that stands in for AWS expects the bucket in the path, not in the host name.
        style = {"use_path_style": "true"} if self._aws.endpoint("s3") else {}
        place = {"bucket": self._bucket, "key": self._key, "region": access.region}
        self.backend: Mapping[str, str] = {**place, "use_lockfile": "true", **style}

    def content(self) -> bytes | None:
        """The state object."""
        return self._object(self._key)

    def lock(self) -> bytes | None:
        """The lock object beside it."""
        return self._object(f"{self._key}.tflock")

    def require(self) -> None:
        """Require that the bucket exists."""
        with self._aws.translated("S3"):
            try:
                self._aws.client("s3").head_bucket(Bucket=self._bucket)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _ABSENT:
                    raise
                raise ProviderFailed(
                    f"the bucket {self._bucket} for the state of {self._stage} does not exist",
                    where=self.name,
                    remedy="an apply makes it; or correct `state.bucket` in the engagement file",
                ) from None

    def locked(self, told: StateLocked) -> StateLocked:
        """The same error: it names the holder."""
        told.remedy += f": {self._command} force-unlock {told.lock_id or 'ID'}"
        return told

    def unlock(self, _lock_id: str) -> bool:
        """False: `terraform force-unlock` does it."""
        return False

    def _object(self, key: str) -> bytes | None:
        with self._aws.translated("S3"):
            try:
                answer = self._aws.client("s3").get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] in _ABSENT:
                    return None
                raise
            return bytes(answer["Body"].read())
