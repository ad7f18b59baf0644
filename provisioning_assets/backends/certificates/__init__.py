"""Certificate authorities: they issue certificates for names that they see proven."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from provisioning_assets.backends.backend import Backend


@dataclass(frozen=True, slots=True, repr=False)
class Pem:
    """A private key and its chain, leaf first, both PEM. No `repr`: the key must not be printed."""

    key: str
    chain: str


@dataclass(frozen=True, slots=True)
class Managed:
    """A certificate whose key never leaves the product: a reference, and the chain that everybody may see."""

    reference: str
    chain: str


Issued = Pem | Managed


class Challenges(Protocol):
    """Puts dns-01 answers where the authority looks for them."""

    def publish(self, records: Sequence[tuple[str, str]]) -> AbstractContextManager[None]:
        """TXT records (absolute name, value) that exist, and are served, inside the context."""
        ...


class CertificateAuthority(Backend, Protocol):
    """Issues certificates."""

    def authority(self) -> str:
        """Who issues: moving to another one orders every certificate anew."""
        ...

    def account(self, kept: str | None, contact: str) -> str | None:
        """What the caller keeps in the secret store and hands in at each order; None where there is no account.

        `kept` is what it kept the last time, `contact` the address that the authority writes to.
        """
        ...

    def issue(self, names: Sequence[str], challenges: Challenges, account: str | None) -> Issued:
        """One certificate with all the names; a key that leaves the product is made here."""
        ...
