"""Certificate authorities, which issue certificates for names; and products that serve copies of what others issued."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from provisioning_assets.backends.backend import Backend


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """A DNS record by which an authority knows who holds a name; `name` is absolute, without the last dot."""

    name: str
    kind: Literal["TXT", "CNAME"]
    value: str
    """In presentation form."""

    @property
    def address(self) -> str:
        """Where it lies in the zone: `<name> <type>`."""
        return f"{self.name} {self.kind}"


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


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate that a product keeps with its key: a copy, or one that it renews while its proofs are published."""

    reference: str
    name: str
    """What its order called it."""
    names: tuple[str, ...]
    """Its DNS names, sorted."""
    state: Literal["pending", "issued", "lost"]
    """A lost one was refused, revoked, or ended: it comes to nothing any more."""
    told: str = ""
    """What its issuing, or its renewal, waits for, or why it is lost; empty when there is nothing to say."""
    chain: str = ""
    """As the product serves it now, leaf first, PEM; empty unless it is issued."""
    proofs: tuple[Proof, ...] = ()
    used_by: tuple[str, ...] = ()
    """What serves it, in the product's words."""


@dataclass(frozen=True, slots=True)
class Astray:
    """What a product has in places where certificates may have lain before, and nobody looks for them now."""

    held: tuple[Held, ...] = ()
    unseen: Mapping[str, str] = field(default_factory=dict)
    """Places that it could not look at, to why."""


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

    def account(self, make: Callable[[], str], binding: str = "") -> str:
        """What the customer keeps of its account at the authority; made and kept at the first use.

        `binding` names the customer's account outside that it is bound to: another one has another account here.
        """
        ...

    def publish(self, proofs: Sequence[Proof]) -> AbstractContextManager[None]:
        """Serve these records inside the context."""
        ...

    def keep(self, proofs: Sequence[Proof]) -> None:
        """Serve these records from now on: the authority renews by them."""
        ...


class CertificateAuthority(Backend, Protocol):
    """Issues certificates."""

    def authority(self) -> str:
        """Who issues; after a move to another one, every certificate is ordered again."""
        ...

    def issue(self, order: Order) -> Issued:
        """One certificate with all the names. Ordered again after a crash, it may be another one for the same key.

        A product that keeps the keys (`Capability.KEEPS_KEYS`) answers with the one that it holds, if there is one.
        """
        ...


class Keeper(CertificateAuthority, Protocol):
    """An authority with `Capability.KEEPS_KEYS`: what it issues stays with it."""

    def held(self, scope: str) -> Sequence[Held]:
        """All that it holds of this scope, the oldest first, and nothing of anybody else."""
        ...

    def drop(self, held: Held) -> None:
        """Delete one of them; `ApplyFailed` when something still serves it."""
        ...

    def astray(self, scope: str) -> Astray:
        """What it holds of this scope in other places, such as before a move."""
        ...


@dataclass(frozen=True, slots=True)
class Original:
    """A certificate with its key, of which a product is to have a copy."""

    scope: str
    name: str
    """What it is called in the scope."""
    chain: str
    """Leaf first, PEM."""
    key: str = field(repr=False)
    """PEM, in the clear."""


class Copies(Backend, Protocol):
    """Has copies of certificates that others issued, and serves them. It gives no key back, and renews nothing."""

    def place(self) -> str:
        """Where the copies lie; after a move to another one, every certificate is copied again."""
        ...

    def held(self, scope: str) -> Sequence[Held]:
        """All copies of this scope, the oldest first, and nothing of anybody else. None waits or has proofs."""
        ...

    def put(self, original: Original, over: Held | None = None) -> str:
        """Copy it; the copy's reference. Put `over` one with a key of the same type, it has that one's, and its users.

        `ApplyFailed` when the product refuses it: then nothing has changed.
        """
        ...

    def drop(self, held: Held) -> None:
        """Delete a copy; `ApplyFailed` when something still serves it."""
        ...

    def astray(self, scope: str) -> Astray:
        """Copies of this scope in other places, such as before a move."""
        ...
