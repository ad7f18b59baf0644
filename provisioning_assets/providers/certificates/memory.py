"""A certificate authority in memory: it signs what its challenges prove."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provisioning_assets.errors import ProviderFailed
from provisioning_assets.providers.certificates import Challenges, Issued


class MemoryAuthority:
    """Looks each challenge up with `lookup`, as a real authority does by DNS."""

    def __init__(self, lookup: Callable[[str], Sequence[str]], lifetime: timedelta = timedelta(days=90)) -> None:
        self._lookup = lookup
        self._lifetime = lifetime
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name.from_rfc4514_string("CN=Memory Authority")

    def account_key(self) -> str:
        """It has no accounts."""
        return ""

    def issue(self, names: Sequence[str], challenges: Challenges) -> Issued:
        """Sign when every name's challenge is found."""
        records = [(f"_acme-challenge.{name.removeprefix('*.')}", f"proof-of-{name}") for name in names]
        with challenges.publish(records):
            for (record, value), name in zip(records, names, strict=True):
                if value not in self._lookup(record):
                    raise ProviderFailed(f"no certificate for {name}", cause=f"{record} does not hold the challenge")
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + self._lifetime)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return Issued(key=pem.decode(), chain=certificate.public_bytes(serialization.Encoding.PEM).decode())
