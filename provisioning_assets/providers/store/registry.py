"""Stores, by the name that the engagement file gives them."""

from pathlib import Path

from provisioning_assets.providers.store import Store
from provisioning_assets.providers.store.files import FileStore
from provisioning_assets.providers.store.s3 import S3Store


def open_store(provider: str, *, bucket: str, region: str, repository: Path) -> Store:
    """The store of an environment's state settings."""
    return FileStore(repository / bucket) if provider == "file" else S3Store(bucket, region)
