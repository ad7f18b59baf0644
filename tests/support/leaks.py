"""Secrets where they must not be: looked for in every file and object that runs wrote."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import hvac


def stored_values(address: str, token: str) -> set[str]:
    """Every value in the secret store's own key-value engines."""
    store = hvac.Client(url=address, token=token)
    values: set[str] = set()
    mounts = store.sys.list_mounted_secrets_engines()["data"]
    for mount in (name for name, about in mounts.items() if about["type"] == "kv"):
        for name in store.secrets.kv.v2.list_secrets(path="", mount_point=mount)["data"]["keys"]:
            kept = store.secrets.kv.v2.read_secret_version(path=name, mount_point=mount, raise_on_deleted_version=True)
            values |= betraying(kept["data"]["data"])
    return values


def betraying(value: Mapping[str, str]) -> set[str]:
    """What would betray a stored value. Chains, requests and references are public; of a key, a line is enough."""
    secret = [text for key, text in value.items() if text and key not in {"chain", "request", "reference"}]
    return {text.splitlines()[1] if "PRIVATE KEY" in text else text for text in secret}


def leaks(contents: dict[str, bytes], secrets: Collection[str]) -> list[str]:
    """Names of what holds one of the secrets."""
    return [name for name, content in contents.items() if any(secret.encode() in content for secret in secrets)]


def files_below(folder: Path, *, but: Path) -> dict[str, bytes]:
    """Every file that runs wrote; providers of Terraform are somebody else's."""
    found = (file for file in folder.rglob("*") if file.is_file() and file != but and "providers" not in file.parts)
    return {str(file.relative_to(folder)): file.read_bytes() for file in found}


def objects_in(s3: Any, *buckets: str) -> dict[str, bytes]:
    """Every object of the buckets."""
    return dict(_objects(s3, buckets))


def _objects(s3: Any, buckets: Collection[str]) -> Iterator[tuple[str, bytes]]:
    for bucket in buckets:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for found in page["Contents"]:
                yield f"{bucket}/{found['Key']}", s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
