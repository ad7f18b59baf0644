"""Runtime configuration in memory."""

from collections.abc import Mapping, Sequence

from provisioning_assets.core.plan import Attributes, Change
from provisioning_assets.errors import ApplyFailed
from tests.fakes.memory import InMemory

LARGEST = 4096
"""Bytes that a value may have, as in a standard parameter of SSM."""


class MemoryConfig(InMemory):
    """A dictionary of keys."""

    def __init__(self) -> None:
        super().__init__()
        self._values: dict[str, Attributes] = {}

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
