"""Stores, by what the engagement file says of an environment's state."""

from pathlib import Path

from provisioning_assets.backends.store import Store
from provisioning_assets.backends.store.files import FileStore
from provisioning_assets.backends.store.s3 import S3Store


def open_store(*, bucket: str, region: str, ledger: Path | None) -> Store:
    """Where ledger and lock lie: the folder, if one is given, else the bucket of the state."""
    return S3Store(bucket, region) if ledger is None else FileStore(ledger)
