"""Certificate authorities. Protocols: ACME."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """A private key and its chain, leaf first, both PEM. No `repr`: the key must not be printed."""

    key: str
    chain: str


class Challenges(Protocol):
    """Puts dns-01 answers where the authority looks for them."""

    def publish(self, records: Sequence[tuple[str, str]]) -> AbstractContextManager[None]:
        """TXT records (absolute name, value) that exist, and are served, inside the context."""
        ...


class CertificateAuthority(Protocol):
    """Issues certificates for names that it sees proven."""

    def account_key(self) -> str:
        """PEM of the account key in use: the caller keeps it and hands it in the next time."""
        ...

    def issue(self, names: Sequence[str], challenges: Challenges) -> Issued:
        """One certificate with all the names; the key is made here."""
        ...
