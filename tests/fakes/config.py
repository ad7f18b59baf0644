"""Runtime configuration in memory."""

from collections.abc import Mapping, Sequence
from typing import Any, Self
from uuid import uuid4

from provisioning_assets.backends.access import Access
from provisioning_assets.core.plan import Attributes, Change, Json
from provisioning_assets.errors import ApplyFailed

LARGEST = 4096
"""Bytes that a value may have, as in a standard parameter of SSM."""


class MemoryConfig:
    """A dictionary of keys."""

    def __init__(self) -> None:
        self._values: dict[str, Attributes] = {}
        self._name = uuid4().hex

    @classmethod
    def open(cls, _settings: Any, _access: Access) -> Self:
        """An empty one."""
        return cls()

    def reach(self) -> None:
        """Always there."""

    def identity(self) -> Mapping[str, Json]:
        """Another one for every instance."""
        return {"memory": self._name}

    def read(self, prefix: str) -> Mapping[str, Attributes]:
        """Every key below the prefix."""
        below = prefix.rstrip("/") + "/"
        return {key: attributes for key, attributes in self._values.items() if key.startswith(below)}

    def write(self, changes: Sequence[Change]) -> None:
        """Carry the changes out."""
        for change in changes:
            if change.after is None:
                self._values.pop(change.address, None)
                continue
            size = len(change.after["value"].encode())
            if not 0 < size <= LARGEST:
                raise ApplyFailed(
                    "the value does not fit", where=change.address, cause=f"{size} bytes", remedy="split the value"
                )
            self._values[change.address] = dict(change.after)
