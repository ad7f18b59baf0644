"""Secret stores: versioned values, and who may read them. Products: OpenBao, HashiCorp Vault."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from provisioning_assets.backends.backend import Backend
from provisioning_assets.core.plan import Attributes, Change

Purpose = Literal["runtime", "engagement"]
PURPOSES: Mapping[Purpose, str] = {
    "runtime": "what the running system uses",
    "engagement": "what the agency uses until hand-off",
}
ALL = "*"
"""In a grant, instead of names: every secret of the place, including future ones."""
ACME_ACCOUNT = "acme-account"
"""Name of the engagement-time secret that holds the account key for the certificate authority."""


def certificate_secret(certificate: str) -> str:
    """Name of the runtime secret that holds a certificate's key and chain."""
    return f"certificate-{certificate}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an environment's secrets of one purpose are stored; `scope` is `<engagement>-<environment>`."""

    scope: str
    purpose: Purpose

    def __str__(self) -> str:
        return f"{self.scope}/{self.purpose}"


@dataclass(frozen=True, slots=True)
class Stored:
    """What may be known about a secret without its value."""

    version: str
    """The product's own version; it changes with each write."""
    written_at: datetime
    metadata: Mapping[str, str]


class SecretStore(Backend, Protocol):
    """Places for secrets, grants to read them, and the secrets themselves.

    Places and grants of an environment are reconciled, as addresses with attributes:

    - `place <purpose>`: `{"otherwise": []}`. A product whose places are only prefixes of names always has them.
    - `grant <who>`: `{"reads": {purpose: sorted names, or ALL}, "lists": sorted purposes, "logs_in": bool,
      "otherwise": []}`. A grant that `logs_in` has its own identity in the store; any other grant is for people whom
      the store already knows.

    `otherwise` lists, in words, whatever is live at the address and not expressed by the attributes: an extra rule,
    another lifetime, a restriction to some networks. Desired is always an empty list.
    """

    def read_grants(self, scope: str) -> Mapping[str, Attributes]:
        """Every place and grant that belongs to the environment by its name."""
        ...

    def write_grants(self, scope: str, changes: Sequence[Change]) -> None:
        """Carry out the changes, and undo what `otherwise` lists. A place that holds secrets is never deleted."""
        ...

    def stored(self, place: Place) -> Mapping[str, Stored]:
        """Name to metadata of every secret in the place; empty when there is no such place."""
        ...

    def create(self, place: Place, name: str, value: Mapping[str, str], metadata: Mapping[str, str]) -> bool:
        """Write the first version, check-and-set; False when there already is a value, which is kept."""
        ...

    def update(self, place: Place, name: str, value: Mapping[str, str], *, version: str) -> bool:
        """Write the version after this one, check-and-set; False when somebody else has written it."""
        ...

    def describe(self, place: Place, name: str, metadata: Mapping[str, str]) -> None:
        """Replace a secret's metadata, such as its owner; its value and version stay the same."""
        ...

    def read(self, place: Place, name: str) -> Mapping[str, str]:
        """The value. Keep it only in memory, and as briefly as possible."""
        ...

    def can_read(
        self, scope: str, who: str, secrets: Sequence[tuple[Purpose, str]]
    ) -> Mapping[tuple[Purpose, str], bool]:
        """Log in as the grant's identity, try each secret, and say which it could read. The values are discarded.

        `ProviderFailed` when that cannot be tried, which is always so without `Capability.GRANTS_TRIED`.
        """
        ...
