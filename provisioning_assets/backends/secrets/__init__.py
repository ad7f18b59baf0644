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
ACME_ACCOUNT = "acme-account"
"""Name of the engagement-time secret that holds the key of the account at a certificate authority."""


def mount(scope: str, purpose: Purpose) -> str:
    """Where an environment's secrets of a purpose lie; `scope` is `<engagement>-<environment>`."""
    return f"{scope}-{purpose}"


def certificate_secret(certificate: str) -> str:
    """Name of the runtime secret that holds a certificate's key and chain."""
    return f"certificate-{certificate}"


@dataclass(frozen=True, slots=True)
class Stored:
    """What may be known of a secret without its value."""

    version: int
    written_at: datetime
    metadata: Mapping[str, str]


class SecretStore(Backend, Protocol):
    """Versioned secrets under mounts, and the policies and roles that open them.

    A path is `<mount>/<name>`. Structure (mounts, policies, roles) is reconciled as addresses:
    `mount <name>`, `policy <name>`, `role <name>`.
    """

    def cluster(self) -> str:
        """Identity of the cluster: it changes when the store is another one."""
        ...

    def read_structure(self, prefix: str) -> Mapping[str, Attributes]:
        """Mounts, policies and roles whose name begins with the prefix."""
        ...

    def write_structure(self, changes: Sequence[Change]) -> None:
        """Carry the changes of mounts, policies and roles out."""
        ...

    def stored(self, mount: str) -> Mapping[str, Stored]:
        """Name to metadata of every secret in the mount; empty when the mount does not exist."""
        ...

    def create(self, mount: str, name: str, value: Mapping[str, str], metadata: Mapping[str, str]) -> bool:
        """Write version 1, check-and-set; False when there is a value already, which stays."""
        ...

    def update(self, mount: str, name: str, value: Mapping[str, str], *, version: int) -> bool:
        """Write the version after this one, check-and-set; False when somebody else wrote it."""
        ...

    def describe(self, mount: str, name: str, metadata: Mapping[str, str]) -> None:
        """Replace what is recorded about a secret: another owner, another period. Its value and version stay."""
        ...

    def read(self, mount: str, name: str) -> Mapping[str, str]:
        """The value. Keep it in memory, for the shortest time."""
        ...

    def can_read(self, role: str, paths: Sequence[tuple[str, str]]) -> Mapping[str, bool]:
        """Log in as the role and try each (mount, name): what it could read. The values are dropped."""
        ...
