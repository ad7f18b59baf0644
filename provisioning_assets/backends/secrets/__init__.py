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
"""In a grant, instead of names: every secret of the place, also those to come."""
ACME_ACCOUNT = "acme-account"
"""Name of the engagement-time secret that holds the key of the account at a certificate authority."""


def certificate_secret(certificate: str) -> str:
    """Name of the runtime secret that holds a certificate's key and chain."""
    return f"certificate-{certificate}"


def pending_secret(certificate: str) -> str:
    """Name of the runtime secret that holds the key of a certificate that is asked for, and the request."""
    return f"pending-certificate-{certificate}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an environment's secrets of a purpose lie; `scope` is `<engagement>-<environment>`."""

    scope: str
    purpose: Purpose

    def __str__(self) -> str:
        return f"{self.scope}/{self.purpose}"


@dataclass(frozen=True, slots=True)
class Stored:
    """What may be known of a secret without its value."""

    version: str
    """The product's own word for it: another one after each write."""
    written_at: datetime
    metadata: Mapping[str, str]


class SecretStore(Backend, Protocol):
    """Places of secrets, grants that open them, and the secrets themselves.

    Places and grants of an environment are reconciled, as addresses with attributes:

    - `place <purpose>`: `{"otherwise": []}`. A product whose places are mere prefixes of names always has them.
    - `grant <who>`: `{"reads": {purpose: sorted names, or ALL}, "lists": sorted purposes, "logs_in": bool,
      "otherwise": []}`. Who `logs_in` has an identity of its own in the store; any other grant is for people, whom the
      store knows already.

    `otherwise` says in words each thing about the address that is live and that the attributes do not tell: one more
    rule, another lifetime, a restriction to some networks. Declared is always nothing of it.
    """

    def read_grants(self, scope: str) -> Mapping[str, Attributes]:
        """Every place and grant that is the environment's by its name."""
        ...

    def write_grants(self, scope: str, changes: Sequence[Change]) -> None:
        """Carry the changes out, and take back what was otherwise. A place that holds secrets is never deleted."""
        ...

    def stored(self, place: Place) -> Mapping[str, Stored]:
        """Name to metadata of every secret of the place; empty when there is no such place."""
        ...

    def create(self, place: Place, name: str, value: Mapping[str, str], metadata: Mapping[str, str]) -> bool:
        """Write the first version, check-and-set; False when there is a value already, which stays."""
        ...

    def update(self, place: Place, name: str, value: Mapping[str, str], *, version: str) -> bool:
        """Write the version after this one, check-and-set; False when somebody else wrote it."""
        ...

    def describe(self, place: Place, name: str, metadata: Mapping[str, str]) -> None:
        """Replace what is recorded about a secret: another owner, another period. Its value and version stay."""
        ...

    def read(self, place: Place, name: str) -> Mapping[str, str]:
        """The value. Keep it in memory, for the shortest time."""
        ...

    def can_read(
        self, scope: str, who: str, secrets: Sequence[tuple[Purpose, str]]
    ) -> Mapping[tuple[Purpose, str], bool]:
        """Log in as the grant's identity and try each secret: what it could read. The values are dropped.

        `ProviderFailed` when it could not be tried, by a product without `Capability.GRANTS_TRIED` always.
        """
        ...
