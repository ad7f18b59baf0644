"""A store in memory: for tests, and for nothing that must last."""

import threading
from uuid import uuid4

from tests.fakes.memory import InMemory


class MemoryStore(InMemory):
    """A dictionary with compare-and-set."""

    def __init__(self) -> None:
        super().__init__()
        self._content: dict[str, tuple[bytes, str]] = {}
        self._mutex = threading.Lock()

    def prepare(self) -> None:
        """Nothing to make."""

    def read(self, key: str) -> tuple[bytes, str] | None:
        """Content and version."""
        return self._content.get(key)

    def versions(self, prefix: str, *, after: str = "") -> dict[str, str]:
        """Version of each key with the prefix, sorted by key."""
        found = sorted(key for key in self._content if key.startswith(prefix) and key > after)
        return {key: self._content[key][1] for key in found}

    def create(self, key: str, content: bytes) -> bool:
        """Put if absent."""
        return self._put(key, content, expected=None)

    def replace(self, key: str, content: bytes, *, version: str) -> bool:
        """Put if the version is still this one."""
        return self._put(key, content, expected=version)

    def delete(self, key: str, *, version: str) -> bool:
        """Delete if the version is still this one."""
        with self._mutex:
            found = self._content.get(key)
            if found is None or found[1] != version:
                return False
            del self._content[key]
            return True

    def _put(self, key: str, content: bytes, *, expected: str | None) -> bool:
        with self._mutex:
            found = self._content.get(key)
            if (found[1] if found else None) != expected:
                return False
            self._content[key] = (content, uuid4().hex)
            return True
