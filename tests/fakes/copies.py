"""A product in memory that serves copies of certificates."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, Self

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import Astray, Held, Original
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ApplyFailed
from provisioning_assets.probes.tls import describe, fingerprint_of_key


class MemoryCopies:
    """Takes what belongs together, and keeps references as long as types of keys stay."""

    def __init__(self, place: str = "memory/1") -> None:
        self.where = place
        self.holds: dict[str, tuple[str, Held]] = {}
        """Reference to scope and copy."""
        self.keys: dict[str, str] = {}
        """Reference to key, which nobody gets back."""
        self.left = Astray()
        self.puts: list[str] = []
        """Names that were put, in order."""
        self._numbers = count(1)

    @classmethod
    def open(cls, _settings: Any, _access: Access) -> Self:
        """An empty one."""
        return cls()

    def reach(self) -> None:
        """Always there."""

    def identity(self) -> Mapping[str, Json]:
        """Where it is."""
        return {"place": self.where}

    def place(self) -> str:
        """As it was made."""
        return self.where

    def held(self, scope: str) -> Sequence[Held]:
        """What it has of this scope."""
        return [each for whose, each in self.holds.values() if whose == scope]

    def put(self, original: Original, over: Held | None = None) -> str:
        """Take key and chain."""
        leaf = describe(original.chain)
        if fingerprint_of_key(original.key) != leaf.key_fingerprint:
            raise ApplyFailed("the key is another one's", where=self.where, remedy="look at what was stored")
        if over and describe(over.chain).key_type != leaf.key_type:
            raise ApplyFailed("the key is of another type", where=over.reference, remedy="put it beside")
        reference = over.reference if over else f"{self.where}:{next(self._numbers)}"
        used_by = self.holds[reference][1].used_by if over else ()
        held = Held(reference, original.name, leaf.names, "issued", chain=original.chain, used_by=used_by)
        self.holds[reference], self.keys[reference] = (original.scope, held), original.key
        self.puts.append(original.name)
        return reference

    def drop(self, held: Held) -> None:
        """Unless something serves it."""
        if self.holds[held.reference][1].used_by:
            raise ApplyFailed("a copy is in use", where=held.reference, remedy="move what uses it")
        del self.holds[held.reference]

    def astray(self, _scope: str) -> Astray:
        """What a test says."""
        return self.left

    def change(self, reference: str, **attributes: Any) -> None:
        """Make something happen to a copy."""
        whose, each = self.holds[reference]
        self.holds[reference] = whose, replace(each, **attributes)
