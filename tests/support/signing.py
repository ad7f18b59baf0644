"""Authorities of tests that sign whatever they are asked to, rightly or wrongly."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from provisioning_assets.backends.certificates.requests import names_in

_YEAR, _HOUR = timedelta(days=365), timedelta(hours=1)


class Signer:
    """A root, or an intermediate of another one."""

    def __init__(self, name: str, above: "Signer | None" = None, *, ends: timedelta = _YEAR) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name.from_rfc4514_string(f"CN={name}")
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        made = (
            (above or self)
            ._begun(self._name, self._key.public_key(), -_YEAR, ends)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
        )
        self._certificate = made.sign((above or self)._key, hashes.SHA256())

    @property
    def pem(self) -> str:
        """Its own certificate."""
        return self._certificate.public_bytes(Encoding.PEM).decode()

    def sign(
        self,
        request: str,
        *,
        names: Sequence[str] = (),
        begins: timedelta = -_HOUR,
        ends: timedelta = _YEAR,
        for_servers: bool = True,
    ) -> str:
        """A certificate for a request, PEM; `names` instead of those that it asks for."""
        asked = x509.load_pem_x509_csr(request.encode())
        granted = [x509.DNSName(name) for name in names or names_in(asked.extensions)]
        use = ExtendedKeyUsageOID.SERVER_AUTH if for_servers else ExtendedKeyUsageOID.CLIENT_AUTH
        made = (
            self._begun(x509.Name([]), asked.public_key(), begins, ends)
            .add_extension(x509.SubjectAlternativeName(granted), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        )
        return made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

    def _begun(self, subject: x509.Name, key: object, begins: timedelta, ends: timedelta) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder(issuer_name=self._name, subject_name=subject, public_key=key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begins)
            .not_valid_after(now + ends)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(authority, critical=False)
        )
