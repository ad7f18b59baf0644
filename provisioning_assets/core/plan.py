"""A plan: what would be done, as ordered, typed, redacted data with a digest."""

import hashlib
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import rfc8785

Json = Any
"""A JSON value. `Any`, because the recursive type costs more casts than it finds mistakes."""

Attributes = Mapping[str, Json]
"""What one address holds: attribute name to JSON value."""

SENSITIVE = "(sensitive)"

OTHERWISE = "otherwise"
"""Attribute that lists, in a product's words, what is live and not as it writes the address; nothing is desired."""


def digest(value: Json) -> str:
    """SHA-256 of the canonical JSON (RFC 8785) of a value, as `sha256:<hex>`."""
    return "sha256:" + hashlib.sha256(rfc8785.dumps(value)).hexdigest()


class Action(StrEnum):
    """What is done to one address."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


class ChangeClass(StrEnum):
    """`content` is what people review; `operational` is declared by type (renewal, rotation, challenge)."""

    CONTENT = "content"
    OPERATIONAL = "operational"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference at one address. Values of sensitive attributes never enter it."""

    action: Action
    address: str
    before: Attributes | None = None
    after: Attributes | None = None
    sensitive: frozenset[str] = frozenset()
    change_class: ChangeClass = ChangeClass.CONTENT
    stateful: bool = False
    """Would lose data, now or later. A delete or a replacement does if what it takes away holds data; an update, if
    less is kept afterwards, or less safely; a create, if it stands in for something that vanished with its data, or
    makes something that deletes data. The product that makes the change knows."""
    because: str = ""
    """What tells that it is stateful, by names and without values, for people."""
    remedy: str = ""
    """What to do about it, where that is not what one does about every stateful change."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "before", self._redacted(self.before))
        object.__setattr__(self, "after", self._redacted(self.after))

    def _redacted(self, side: Attributes | None) -> Attributes | None:
        if side is None:
            return None
        return {name: SENSITIVE if name in self.sensitive else value for name, value in side.items()}

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes that differ, sorted; a sensitive one always counts as changed."""
        before, after = self.before or {}, self.after or {}
        names = before.keys() | after.keys()
        return tuple(sorted(n for n in names if n in self.sensitive or before.get(n) != after.get(n)))

    def as_json(self) -> dict[str, Json]:
        """The change as JSON, safe to store and to show."""
        return {
            "action": self.action.value,
            "address": self.address,
            "before": None if self.before is None else dict(self.before),
            "after": None if self.after is None else dict(self.after),
            "attributes": list(self.attributes),
            "class": self.change_class.value,
        }

    @property
    def told(self) -> str:
        """The change with what is otherwise, for people who want to know why."""
        beyond = (self.before or {}).get(OTHERWISE)
        return f"{self}: {'; '.join(map(str, beyond))}" if isinstance(beyond, list | tuple) and beyond else str(self)

    def __str__(self) -> str:
        named = ", ".join(self.attributes)
        return f"{self.action} {self.address}" + (f" ({named})" if self.action is Action.UPDATE and named else "")


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes in the order of their addresses; equal changes give an equal digest."""

    changes: tuple[Change, ...] = field(default=())
    existing: int = 0
    """How many addresses were there when it was made: what the safety rules count against."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "changes", tuple(sorted(self.changes, key=lambda change: change.address)))

    @property
    def empty(self) -> bool:
        """True when observed equals desired."""
        return not self.changes

    @property
    def digest(self) -> str:
        """Digest over the sorted, redacted changes."""
        return digest([change.as_json() for change in self.changes])

    def count(self, action: Action) -> int:
        """How many changes have this action."""
        return sum(change.action is action for change in self.changes)

    def __str__(self) -> str:
        if self.empty:
            return "nothing to change"
        counts = ((action, self.count(action)) for action in Action)
        return ", ".join(f"{n} to {action}" for action, n in counts if n)


def diff(
    desired: Mapping[str, Attributes],
    observed: Mapping[str, Attributes],
    *,
    sensitive: AbstractSet[str] = frozenset(),
    change_class: ChangeClass = ChangeClass.CONTENT,
    stateful: Callable[[str], bool] = lambda _address: False,
) -> Plan:
    """Compare two sides, address by address.

    `observed` holds only what this asset owns: what it holds beyond `desired` is deleted.
    Attributes that `desired` does not name are the server's own business and are not compared. `stateful` says
    behind which addresses a delete would lose data.
    """
    secret = frozenset(sensitive)

    def change(action: Action, address: str, before: Attributes | None, after: Attributes | None) -> Change:
        loses = action is Action.DELETE and stateful(address)
        return Change(action, address, before, after, secret, change_class, loses)

    changes = []
    for address, wanted in desired.items():
        if address not in observed:
            changes.append(change(Action.CREATE, address, None, wanted))
            continue
        found = {name: observed[address].get(name) for name in wanted}
        if found != dict(wanted):
            changes.append(change(Action.UPDATE, address, found, wanted))
    gone = (address for address in observed if address not in desired)
    changes.extend(change(Action.DELETE, address, observed[address], None) for address in gone)
    return Plan(tuple(changes), len(observed))
