"""Runtime configuration: keys and values that the running system reads. Products: SSM Parameter Store."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from provisioning_assets.backends.backend import Backend
from provisioning_assets.core.plan import Attributes, Change


class ConfigStore(Backend, Protocol):
    """Keys under a prefix. An address is the full key; its attributes are `{"value": str}`."""

    def read(self, prefix: str) -> Mapping[str, Attributes]:
        """Every key below the prefix."""
        ...

    def write(self, changes: Sequence[Change]) -> None:
        """Carry the changes out, key by key."""
        ...
