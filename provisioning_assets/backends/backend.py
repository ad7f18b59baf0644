"""What the back ends of every kind share: settings, access, a reachability test, an identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from pydantic import BaseModel, ConfigDict

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.variables import Variables
from provisioning_assets.core.plan import Json

IDENTITY = "identity"
"""Marks a setting (`Annotated[str, IDENTITY]`) that says where a product is, not what it must hold.

Such settings differ between environments by nature: they are part of the identity of evidence, and of no digest.
"""


@dataclass(frozen=True, slots=True)
class Own:
    """Marks a setting (`Annotated[str | None, Own("…")]`) whose value no two environments may share."""

    together: str
    """What happens if they share it, as the words after "they": `report to the same metrics`."""


class Settings(BaseModel):
    """What an engagement file says about one product. Frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    variables: ClassVar[Variables] = {}
    """What it reads of a profile; one that is like these, and none of them, is taken for a misspelling."""
    reserved: ClassVar[tuple[str, ...]] = ()
    """Beginnings of names that the product keeps to itself."""
    reserved_keys: ClassVar[tuple[str, ...]] = ()
    """Keys below the prefix that we, or the product, keep something else under."""
    parameters: ClassVar[tuple[str, ...]] = ()
    """Paths of keys, in the store of the configuration, below which it keeps something; `{scope}` is filled in."""
    longest: ClassVar[Mapping[str, int]] = {}
    """Characters of the longest names that it takes, by how they are made: `{scope}` is filled in."""
    name: str
    """The product's name."""


class Backend(Protocol):
    """One product, opened for one environment. Opening it does no input or output."""

    @classmethod
    def open(cls, settings: Any, access: Access) -> Self:
        """The product with these settings, reached with this access."""
        ...

    def reach(self) -> None:
        """Require an answer within five seconds; else `Unreachable`, with the address and the remedy."""
        ...

    def identity(self) -> Mapping[str, Json]:
        """Its part of the identity of evidence: account, cluster, authority. Asked once a run."""
        ...
