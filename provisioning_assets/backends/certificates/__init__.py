"""Certificate authorities: they issue certificates for names, each in its own way."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from provisioning_assets.backends.backend import Backend


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate for the order's signing request, whose key stays with who ordered: the chain, leaf first, PEM."""

    chain: str


@dataclass(frozen=True, slots=True)
class Managed:
    """A certificate whose key never leaves the product: a reference, and the public chain."""

    reference: str
    chain: str


Issued = Signed | Managed


class Order(Protocol):
    """One certificate to be issued, and what its customer does for it.

    An authority asks for what it needs, and nothing else is made: no key where the product keeps its own, no records
    where nothing is proven.
    """

    @property
    def scope(self) -> str:
        """Whose it is: `<engagement>-<environment>`."""
        ...

    @property
    def name(self) -> str:
        """What the certificate is called in the scope."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """Its DNS names."""
        ...

    @property
    def contact(self) -> str:
        """Address that the authority writes to."""
        ...

    def request(self) -> str:
        """The signing request for all the names, PEM: the same one until a certificate for it is kept.

        Its key is made, and kept in the secret store, before this returns; nobody else sees it.
        """
        ...

    def account(self, make: Callable[[], str]) -> str:
        """What the customer keeps of its account at the authority; made and kept at the first use."""
        ...

    def publish(self, records: Sequence[tuple[str, str]]) -> AbstractContextManager[None]:
        """Serve these TXT records (absolute name, value) inside the context."""
        ...


class CertificateAuthority(Backend, Protocol):
    """Issues certificates."""

    def authority(self) -> str:
        """Who issues; after a move to another one, every certificate is ordered again."""
        ...

    def issue(self, order: Order) -> Issued:
        """One certificate with all the names. Ordered again after a crash, it may be another one for the same key."""
        ...
