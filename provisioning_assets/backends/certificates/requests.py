"""Signing requests (PKCS #10): made with a key of their own, and read again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from provisioning_assets.backends.certificates.settings import KeyType

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """What a request asks for."""

    names: tuple[str, ...]
    """Sorted."""
    key_fingerprint: str
    """SHA-256 of the public key."""
    key_type: str
    """As `type_of` says it."""

    @classmethod
    def read(cls, pem: str) -> Self:
        """A request of ours; `ValueError` when it is none."""
        request = x509.load_pem_x509_csr(pem.encode())
        key = request.public_key()
        return cls(names_in(request.extensions), fingerprint(key), type_of(key))


def make(names: Sequence[str], key_type: KeyType = "ec256") -> tuple[str, str]:
    """A new private key and a request for the names, both PEM.

    None of them is the common name, which is limited to 64 characters.
    """
    key = _made(key_type)
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    request = (
        x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(alternatives, critical=True)
    )
    return pem(key), request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def pem(key: PrivateKey) -> str:
    """A private key in the clear, for the secret store."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def type_of(key: PublicKeyTypes) -> str:
    """A key's type, in the words of `KeyType` where it is one of them."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"rsa{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ec256" if isinstance(key.curve, ec.SECP256R1) else key.curve.name
    return type(key).__name__


def names_in(extensions: x509.Extensions) -> tuple[str, ...]:
    """The DNS names of a request or a certificate, sorted."""
    try:
        alternatives = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(sorted(alternatives.get_values_for_type(x509.DNSName)))


def fingerprint(public_key: PublicKeyTypes) -> str:
    """SHA-256 of a public key (SPKI), which its private key shares."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()


def _made(key_type: KeyType) -> PrivateKey:
    if key_type == "ec256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, int(key_type.removeprefix("rsa")))
