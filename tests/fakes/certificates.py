"""A certificate authority in memory: it signs what its challenges prove."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import Astray, Held, Issued, Managed, Order, Proof, Signed
from provisioning_assets.backends.certificates.holdings import fitting
from provisioning_assets.backends.certificates.requests import pem
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ApplyFailed, ProviderFailed, Waiting

_ROOT = x509.Name.from_rfc4514_string("CN=Memory Authority")
_SKEW = timedelta(minutes=1)


class MemoryAuthority:
    """Looks each challenge up with `lookup`, as a real authority does by DNS.

    A `managed` one keeps the keys, as a cloud's certificate manager does, and has names proven by records that stay;
    one `by_hand` proves nothing, and waits until a person approves what it was asked. Accounts prove nothing and cost
    nothing.
    """

    def __init__(
        self,
        lookup: Callable[[str, str], Sequence[str]],
        *,
        lifetime: timedelta = timedelta(days=90),
        managed: bool = False,
        by_hand: bool = False,
    ) -> None:
        self._lookup = lookup
        self._lifetime = lifetime
        self.managed = managed
        self._by_hand = by_hand
        self.holds: dict[str, tuple[str, Held]] = {}
        """Reference to scope and certificate: what a managed one has."""
        self.left = Astray()
        self.keys: dict[str, str] = {}
        """Reference to key, which no customer ever sees."""
        self._asked: set[str] = set()
        self._approved: set[str] = set()
        self._key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        self._root = (
            self._certificate(_ROOT, self._key.public_key(), timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def anchor(self) -> str:
        """PEM of the root that clients must trust."""
        return self._root.public_bytes(serialization.Encoding.PEM).decode()

    @classmethod
    def open(cls, _settings: Any, _access: Access) -> Self:
        """One that finds no challenge."""
        return cls(lambda _name, _kind: ())

    def reach(self) -> None:
        """Always there."""

    def identity(self) -> Mapping[str, Json]:
        """Its root."""
        return {"authority": self.authority()}

    def authority(self) -> str:
        """Another one for every instance: its root's number."""
        return f"memory {self._root.serial_number:x}"

    def issue(self, order: Order) -> Issued:
        """Sign when every name's proof is found."""
        names = order.names
        if self._by_hand:
            return self._answered(order)
        if self.managed:
            return self._managed_one(order)
        order.account(lambda: pem(ec.generate_private_key(ec.SECP256R1())))
        proofs = [Proof(f"_acme-challenge.{_bare(name)}", "TXT", f"proof-of-{name}") for name in names]
        with order.publish(proofs):
            missing = [each.name for each in proofs if each.value not in self._lookup(each.name, each.kind)]
        if missing:
            raise ProviderFailed(
                f"no certificate for {', '.join(names)}",
                cause="; ".join(f"{record} does not hold the challenge" for record in missing),
                remedy="look at the challenge record that the authority saw, then run again",
            )
        return self._signed(order)

    def held(self, scope: str) -> Sequence[Held]:
        """What a managed one has of this scope."""
        return [each for whose, each in self.holds.values() if whose == scope]

    def drop(self, held: Held) -> None:
        """Unless something serves it."""
        if held.used_by:
            raise ApplyFailed("a certificate is in use", where=held.reference, remedy="move what uses it")
        del self.holds[held.reference]

    def astray(self, _scope: str) -> Astray:
        """What a test says."""
        return self.left

    def change(self, reference: str, **attributes: Any) -> None:
        """Make something happen to a certificate that is held."""
        whose, each = self.holds[reference]
        self.holds[reference] = whose, replace(each, **attributes)

    def renew(self, reference: str) -> None:
        """As a cloud does by itself: another key, another chain, the same reference."""
        key = ec.generate_private_key(ec.SECP256R1())
        self.keys[reference] = pem(key)
        self.change(
            reference, state="issued", told="", chain=self._chain(self.holds[reference][1].names, key.public_key())
        )

    def _managed_one(self, order: Order) -> Managed:
        found = fitting(self.held(order.scope), order.name, order.names)
        if found is None:
            records = {f"_proof.{_bare(name)}" for name in order.names}
            proofs = tuple(Proof(name, "CNAME", "proof.memory.example.") for name in sorted(records))
            names, reference = tuple(sorted(order.names)), f"memory:{x509.random_serial_number():x}"
            found = Held(
                reference, order.name, names, "pending", f"waits for {', '.join(sorted(records))}", proofs=proofs
            )
            self.holds[reference] = order.scope, found
        order.keep(found.proofs)
        if missing := [each.name for each in found.proofs if each.value not in self._lookup(each.name, each.kind)]:
            raise Waiting(f"waiting for {order.name}: {', '.join(missing)}", remedy="apply again")
        if found.state == "pending":
            self.renew(found.reference)
        return Managed(found.reference, self.holds[found.reference][1].chain)

    def approve(self) -> None:
        """A person says yes to all that was asked."""
        self._approved |= self._asked

    def _answered(self, order: Order) -> Issued:
        if order.request() not in self._approved:
            self._asked.add(order.request())
            what = f"waiting for somebody to approve {order.name}"
            raise Waiting(what, remedy="have it approved, then apply again")
        return self._signed(order)

    def _signed(self, order: Order) -> Issued:
        return Signed(self._chain(order.names, x509.load_pem_x509_csr(order.request().encode()).public_key()))

    def _chain(self, names: Sequence[str], key: Any) -> str:
        leaf = (
            self._certificate(x509.Name([]), key, self._lifetime)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return leaf.public_bytes(serialization.Encoding.PEM).decode() + self.anchor

    def _certificate(self, subject: x509.Name, key: Any, lifetime: timedelta) -> x509.CertificateBuilder:
        begin = datetime.now(UTC) - _SKEW
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder(issuer_name=_ROOT, subject_name=subject, public_key=key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + lifetime)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(authority, critical=False)
        )


def _bare(name: str) -> str:
    return name.removeprefix("*.")
