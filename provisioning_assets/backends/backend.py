"""What the back ends of every kind share: settings, access, a sign of life, an identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from pydantic import BaseModel, ConfigDict

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.variables import Variables
from provisioning_assets.core.plan import Json

IDENTITY = "identity"
"""Marks a setting (`Annotated[str, IDENTITY]`) that says where a product is, not what it is to hold.

Such settings differ between environments by nature: they are part of evidence's identity, and in no digest.
"""


@dataclass(frozen=True, slots=True)
class Own:
    """Marks a setting (`Annotated[str | None, Own("…")]`) that each environment has to itself, if it has one."""

    together: str
    """What environments that share it do, after "they": `report to the same metrics`."""


class Settings(BaseModel):
    """What an engagement file says about one product. Frozen, and strict about keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    variables: ClassVar[Variables] = {}
    """What it reads of a profile; one that is like these, and none of them, is taken for a misspelling."""
    name: str
    """The product."""


class Backend(Protocol):
    """One product, opened for one environment. Opening does no input or output."""

    @classmethod
    def open(cls, settings: Any, access: Access) -> Self:
        """The product with these settings, reached with this access."""
        ...

    def reach(self) -> None:
        """Ask for a sign of life; `Unreachable`, with the address and the remedy, within five seconds."""
        ...

    def identity(self) -> Mapping[str, Json]:
        """What evidence is about besides content: account, cluster, authority. Asked once a run."""
        ...
