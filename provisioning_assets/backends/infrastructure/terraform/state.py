"""Terraform's state, as it lies in the bucket. It holds secrets: it stays in memory.

Read without Terraform: `terraform show -json` needs the provider's start, four seconds, for the same answer.
"""

import json
from collections.abc import Mapping
from contextlib import suppress

from botocore.exceptions import ClientError

from provisioning_assets.backends import aws
from provisioning_assets.backends.infrastructure import StageRoot
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed

_VERSION = 4
_ABSENT = {"NoSuchKey", "NoSuchBucket", "404"}


def read(stage: StageRoot) -> Mapping[str, Json] | None:
    """The state; None before the first apply."""
    content = _object(stage, stage.state["key"])
    if content is None:
        return None
    state = _parsed(stage, content)
    if state.get("version") != _VERSION:
        raise ProviderFailed(
            f"the state of {stage.name} has version {state.get('version')}; known is {_VERSION}",
            where=place(stage),
            remedy="use the version of Terraform that the README names",
        )
    return state


def lock_id(stage: StageRoot) -> str | None:
    """ID of the lock on the state; None when it is free."""
    content = _object(stage, f"{stage.state['key']}.tflock")
    return None if content is None else str(_parsed(stage, content).get("ID", ""))


def _parsed(stage: StageRoot, content: bytes) -> Mapping[str, Json]:
    # Not raised inside the handler: its error would carry the content, which holds secrets, as its context.
    with suppress(ValueError):
        parsed = json.loads(content)
        if isinstance(parsed, dict):
            return parsed
    raise ProviderFailed(
        f"the state of {stage.name} cannot be read: it is no JSON object",
        where=place(stage),
        remedy="restore the object from the bucket's versions",
    )


def require_bucket(stage: StageRoot) -> None:
    """Find the bucket, or say what is missing: Terraform itself would try for minutes."""
    bucket = stage.state["bucket"]
    with aws.translated("S3"):
        try:
            aws.client("s3", stage.state["region"]).head_bucket(Bucket=bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ABSENT:
                raise
            raise ProviderFailed(
                f"the bucket {bucket} for the state of {stage.name} does not exist",
                where=place(stage),
                remedy="an apply makes it; or correct `state.bucket` in the engagement file",
            ) from None


def place(stage: StageRoot) -> str:
    """Address of the state object."""
    return f"s3://{stage.state['bucket']}/{stage.state['key']}"


def _object(stage: StageRoot, key: str) -> bytes | None:
    with aws.translated("S3"):
        try:
            answer = aws.client("s3", stage.state["region"]).get_object(Bucket=stage.state["bucket"], Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return None
            raise
        return bytes(answer["Body"].read())
