"""Runtime configuration: keys and values that the running system reads. Products: SSM, flagd, AppConfig."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from provisioning_assets.backends.backend import Backend
from provisioning_assets.core.plan import Attributes, Change


class ConfigStore(Backend, Protocol):
    """Keys under a prefix. An address is the full key.

    Its attributes are:

    - `value`: its text, never empty.
    - `otherwise`: what is live there and not as the product writes a value, in words. Desired is an empty list.
    - `unmanaged`, True: somebody else keeps this key in the same place. It is read like ours, and left alone unless it
      is declared. A product that has a place of its own for each prefix never says so.
    """

    def read(self, prefix: str) -> Mapping[str, Attributes]:
        """Every key below the prefix."""
        ...

    def write(self, prefix: str, changes: Sequence[Change]) -> None:
        """Carry out the changes below the prefix, key by key or all at once."""
        ...
