"""A secret store in memory, with grants that are obeyed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Self
from uuid import uuid4

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.secrets import ALL, Place, Purpose, Stored
from provisioning_assets.core.plan import Attributes, Change, Json
from provisioning_assets.errors import ApplyFailed, ProviderFailed

_NAME = re.compile(r"[\w./-]+")


class MemorySecrets:
    """Versions, check-and-set and grants, as the real ones behave."""

    def __init__(self) -> None:
        self._cluster = str(uuid4())
        self._grants: dict[str, dict[str, Attributes]] = {}
        self._opened: set[tuple[str, str, Purpose]] = set()
        self._secrets: dict[tuple[Place, str], tuple[Stored, dict[str, str]]] = {}

    @classmethod
    def open(cls, _settings: object, _access: Access) -> Self:
        """A store of its own."""
        return cls()

    def reach(self) -> None:
        """It is there."""

    def identity(self) -> Mapping[str, Json]:
        """Another one for every instance."""
        return {"cluster": self._cluster}

    def open_wider(self, scope: str, who: str, purpose: Purpose) -> None:
        """Let a grant read more, behind the back of whoever declared it."""
        self._opened.add((scope, who, purpose))

    def read_grants(self, scope: str) -> Mapping[str, Attributes]:
        """What was written, and what was opened since."""
        found = {address: dict(attributes) for address, attributes in self._grants.get(scope, {}).items()}
        for _, who, purpose in sorted(each for each in self._opened if each[0] == scope):
            found[f"grant {who}"]["otherwise"] = [f"reads what is {purpose}, too"]
        return found

    def write_grants(self, scope: str, changes: Sequence[Change]) -> None:
        """Carry the changes out; a place that holds secrets stays."""
        live = self._grants.setdefault(scope, {})
        for change in changes:
            kind, name = change.address.split(" ", 1)
            if change.after is not None:
                names = [each for names in change.after.get("reads", {}).values() if names != ALL for each in names]
                if not all(_NAME.fullmatch(each) for each in names):
                    raise ApplyFailed("no grant can open that", where=change.address, remedy="another name")
                live[change.address] = dict(change.after)
            elif kind == "place" and self._held(scope, name):
                raise ApplyFailed(f"the {change.address} holds secrets", where=change.address, remedy="move them first")
            else:
                live.pop(change.address, None)
            self._opened = {each for each in self._opened if each[:2] != (scope, name)}

    def stored(self, place: Place) -> Mapping[str, Stored]:
        """Metadata by name."""
        return {name: stored for (where, name), (stored, _) in self._secrets.items() if where == place}

    def find(self, place: Place, name: str) -> Stored | None:
        """Metadata of one."""
        return self.stored(place).get(name)

    def create(self, place: Place, name: str, value: Mapping[str, str], metadata: Mapping[str, str]) -> bool:
        """Version 1, where there is none."""
        self._known(place)
        if (place, name) in self._secrets:
            return False
        self._secrets[place, name] = Stored("1", datetime.now(UTC), dict(metadata)), dict(value)
        return True

    def update(self, place: Place, name: str, value: Mapping[str, str], *, version: str) -> bool:
        """The next version, if the last one is still this."""
        self._known(place)
        stored = self.find(place, name)
        if stored is None or stored.version != version:
            return False
        self._secrets[place, name] = Stored(str(int(version) + 1), datetime.now(UTC), stored.metadata), dict(value)
        return True

    def describe(self, place: Place, name: str, metadata: Mapping[str, str]) -> None:
        """Other metadata for the same value."""
        stored, value = self._found(place, name)
        self._secrets[place, name] = replace(stored, metadata=dict(metadata)), value

    def read(self, place: Place, name: str) -> Mapping[str, str]:
        """The newest value."""
        return dict(self._found(place, name)[1])

    def can_read(
        self, scope: str, who: str, secrets: Sequence[tuple[Purpose, str]]
    ) -> Mapping[tuple[Purpose, str], bool]:
        """What the grant allows."""
        grant = self._grants.get(scope, {}).get(f"grant {who}", {})
        if not grant.get("logs_in"):
            raise ProviderFailed(f"nobody can log in as {who}")
        answers = {}
        for purpose, name in secrets:
            names = grant["reads"].get(purpose, [])
            allowed = names == ALL or name in names or (scope, who, purpose) in self._opened
            if allowed:
                self.read(Place(scope, purpose), name)
            answers[purpose, name] = allowed
        return answers

    def _held(self, scope: str, purpose: str) -> bool:
        return any((place.scope, place.purpose) == (scope, purpose) for place, _ in self._secrets)

    def _known(self, place: Place) -> None:
        if f"place {place.purpose}" not in self._grants.get(place.scope, {}):
            raise ProviderFailed(f"there is no place {place}")

    def _found(self, place: Place, name: str) -> tuple[Stored, dict[str, str]]:
        if (place, name) not in self._secrets:
            raise ProviderFailed(f"there is no secret {place}/{name}")
        return self._secrets[place, name]
