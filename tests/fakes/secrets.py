"""A secret store in memory, with policies that are obeyed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from provisioning_assets.backends.secrets import Stored
from provisioning_assets.core.plan import Attributes, Change
from provisioning_assets.errors import ApplyFailed, ProviderFailed

_RULE = re.compile(r'path "(?P<path>[^"]+)" \{ capabilities = \[(?P<capabilities>[^]]*)\]')


class MemorySecrets:
    """Versions, check-and-set and read policies, as the real ones behave."""

    def __init__(self, address: str | None = None) -> None:
        self.address = address
        self._cluster = str(uuid4())
        self._structure: dict[str, Attributes] = {}
        self._secrets: dict[tuple[str, str], tuple[Stored, dict[str, str]]] = {}

    def cluster(self) -> str:
        """Another one for every instance."""
        return self._cluster

    def read_structure(self, prefix: str) -> Mapping[str, Attributes]:
        """What was written, by prefix of the name."""
        return {a: v for a, v in self._structure.items() if a.split(" ", 1)[1].startswith(prefix)}

    def write_structure(self, changes: Sequence[Change]) -> None:
        """Carry the changes out; a mount that holds secrets stays."""
        for change in changes:
            if change.after is not None:
                if change.address.startswith("policy ") and not _RULE.search(change.after["rules"]):
                    raise ApplyFailed("the policy has no rule", where=change.address, remedy="write one")
                self._structure[change.address] = dict(change.after)
                continue
            kind, name = change.address.split(" ", 1)
            if kind == "mount" and self.stored(name):
                raise ApplyFailed(f"the {change.address} holds secrets", where=change.address, remedy="move them first")
            self._structure.pop(change.address, None)

    def stored(self, mount: str) -> Mapping[str, Stored]:
        """Metadata by name."""
        return {name: stored for (where, name), (stored, _) in self._secrets.items() if where == mount}

    def create(self, mount: str, name: str, value: Mapping[str, str], metadata: Mapping[str, str]) -> bool:
        """Version 1, where there is none."""
        self._known(mount)
        if (mount, name) in self._secrets:
            return False
        self._secrets[mount, name] = Stored(1, datetime.now(UTC), dict(metadata)), dict(value)
        return True

    def update(self, mount: str, name: str, value: Mapping[str, str], *, version: int) -> bool:
        """The next version, if the last one is still this."""
        self._known(mount)
        stored = self.stored(mount).get(name)
        if stored is None or stored.version != version:
            return False
        self._secrets[mount, name] = Stored(version + 1, datetime.now(UTC), stored.metadata), dict(value)
        return True

    def describe(self, mount: str, name: str, metadata: Mapping[str, str]) -> None:
        """Other metadata for the same value."""
        if (mount, name) not in self._secrets:
            raise ProviderFailed(f"there is no secret {mount}/{name}")
        stored, value = self._secrets[mount, name]
        self._secrets[mount, name] = replace(stored, metadata=dict(metadata)), value

    def read(self, mount: str, name: str) -> Mapping[str, str]:
        """The newest value."""
        if (mount, name) not in self._secrets:
            raise ProviderFailed(f"there is no secret {mount}/{name}")
        return dict(self._secrets[mount, name][1])

    def can_read(self, role: str, paths: Sequence[tuple[str, str]]) -> Mapping[str, bool]:
        """What the role's policies allow."""
        found = self._structure.get(f"role {role}")
        if found is None:
            raise ProviderFailed(f"there is no role {role}")
        rules = "\n".join(str(self._structure[f"policy {name}"]["rules"]) for name in found["policies"])
        allowed = [rule["path"] for rule in _RULE.finditer(rules) if '"read"' in rule["capabilities"]]
        answers = {}
        for mount, name in paths:
            permitted = any(_covers(pattern, f"{mount}/data/{name}") for pattern in allowed)
            if permitted:
                self.read(mount, name)
            answers[f"{mount}/{name}"] = permitted
        return answers

    def _known(self, mount: str) -> None:
        if f"mount {mount}" not in self._structure:
            raise ProviderFailed(f"there is no mount {mount}")


def _covers(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
