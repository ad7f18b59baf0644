"""A flag document in a bucket, and whoever else writes it."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.config import ConfigStore
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import diff
from tests.support.back_ends import aws_access, opened
from tests.support.buckets import made_bucket
from tests.support.flags import PREFIX, values


@dataclass(frozen=True)
class Document:
    """The object that both write."""

    access: Access
    bucket: str
    key: str

    @property
    def store(self) -> ConfigStore:
        store: ConfigStore = opened(Kind.CONFIG, "flagd", self.access, bucket=self.bucket, object=self.key)
        return store

    @property
    def s3(self) -> Any:
        return aws.of(self.access).client("s3")

    def apply(self, **desired: str) -> None:
        """What a run does with these keys."""
        store = self.store
        store.write(PREFIX, diff(values(desired), self.ours()).changes)

    def ours(self) -> dict[str, Any]:
        return {key: found for key, found in self.store.read(PREFIX).items() if not found.get("unmanaged")}

    def drift(self, **desired: str) -> list[str]:
        return [str(change) for change in diff(values(desired), self.ours()).changes]

    def body(self) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=self.key)["Body"].read())

    def content(self) -> Any:
        return json.loads(self.body())

    def edit(self, content: Any) -> None:
        """Somebody else writes it, without a condition."""
        self.s3.put_object(Bucket=self.bucket, Key=self.key, Body=self.written(content))

    @staticmethod
    def written(content: Any) -> bytes:
        return content if isinstance(content, bytes) else json.dumps(content).encode()


@pytest.fixture
def document(moto: str) -> Document:
    return Document(aws_access(moto), made_bucket(moto), f"{uuid4().hex[:8]}/flags.json")
