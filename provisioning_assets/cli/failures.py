"""What stopped a command or a part of it, as the commands tell it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.report.as_json import error_as_data


@dataclass(frozen=True, slots=True)
class Failure:
    """What stopped a run or a part of it: in words for people, its parts for machines, the exit code for it."""

    words: str
    parts: Mapping[str, Json]
    exit_code: int

    @classmethod
    def of(cls, error: ProvisioningError) -> Self:
        """Of an error that reached us as it is."""
        return cls(str(error), error_as_data(error), error.exit_code)

    def at(self, environment: str) -> Self:
        """The same, with the environment that it befell."""
        return replace(
            self,
            words=f"{environment}: {self.words}",
            parts={**self.parts, "what": f"{environment}: {self.parts['what']}"},
        )
