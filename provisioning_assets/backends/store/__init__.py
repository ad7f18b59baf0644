"""Stores: where the ledger and the locks are kept, with the conditional writes that make them safe."""

from typing import Protocol

from provisioning_assets.backends.backend import Backend


class Store(Backend, Protocol):
    """Named byte strings with compare-and-set. A version is an opaque tag that changes with the content."""

    def prepare(self) -> None:
        """Create whatever the store needs before a write; does nothing when it is there."""
        ...

    def read(self, key: str) -> tuple[bytes, str] | None:
        """Content and version; None when the key does not exist."""
        ...

    def versions(self, prefix: str, *, after: str = "") -> dict[str, str]:
        """Version of each key with this prefix that comes after the key `after`, sorted by key."""
        ...

    def create(self, key: str, content: bytes) -> bool:
        """Write if the key does not exist; False when it does. Atomic: readers never see a partial write."""
        ...

    def replace(self, key: str, content: bytes, *, version: str) -> bool:
        """Write if the key still has this version; False if not."""
        ...

    def delete(self, key: str, *, version: str) -> bool:
        """Delete if the key still has this version; False if not."""
        ...
