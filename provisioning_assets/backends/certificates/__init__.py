"""Certificate authorities: they issue certificates for names whose control is proven to them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from provisioning_assets.backends.backend import Backend


@dataclass(frozen=True, slots=True, repr=False)
class Pem:
    """A private key and its chain, leaf first, both PEM. Without a `repr` of them: the key must not be printed."""

    key: str
    chain: str


@dataclass(frozen=True, slots=True)
class Managed:
    """A certificate whose key never leaves the product: a reference, and the public chain."""

    reference: str
    chain: str


Issued = Pem | Managed


class Challenges(Protocol):
    """Publishes answers to dns-01 challenges where the authority looks for them."""

    def publish(self, records: Sequence[tuple[str, str]]) -> AbstractContextManager[None]:
        """Serve these TXT records (absolute name, value) inside the context."""
        ...


class CertificateAuthority(Backend, Protocol):
    """Issues certificates."""

    def authority(self) -> str:
        """Who issues; after a move to another one, every certificate is ordered again."""
        ...

    def account(self, kept: str | None, contact: str) -> str | None:
        """The account that the caller stores and passes to each order; None where there is no account.

        `kept` is the stored account, if there is one; `contact` is the address that the authority writes to.
        """
        ...

    def issue(self, names: Sequence[str], challenges: Challenges, account: str | None) -> Issued:
        """Issue one certificate with all the names, and a new key."""
        ...
