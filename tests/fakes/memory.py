"""What fakes share that keep their data in this process."""

from collections.abc import Mapping
from typing import Any, Self
from uuid import uuid4

from provisioning_assets.backends.access import Access
from provisioning_assets.core.plan import Json


class InMemory:
    """A back end that is always there, and empty when it is opened."""

    def __init__(self) -> None:
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
