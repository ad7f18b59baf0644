"""Imports into the emulated certificate manager, as Amazon documents them.

moto forgets the tags and the users of a certificate that is imported again, hangs a root of Amazon's onto every chain,
takes any key for any certificate, and lists all types of keys to who asks for none (moto 5.2.5).
https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html
https://docs.aws.amazon.com/acm/latest/APIReference/API_Filters.html
"""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from moto.acm.exceptions import AWSValidationException
from moto.acm.models import AWSCertificateManagerBackend, CertBundle

_imported: Any = AWSCertificateManagerBackend.import_certificate
_listed: Any = AWSCertificateManagerBackend.list_certificates
_USUAL = ["RSA_1024", "RSA_2048"]


def keep_to_the_documents() -> None:
    """From now on, in this process."""
    backend: Any = AWSCertificateManagerBackend
    backend.import_certificate = _import
    backend.list_certificates = _list


def _list(self: Any, statuses: Any, includes: Any) -> Any:
    return _listed(self, statuses, {"keyTypes": _USUAL, **(includes or {})})


def _import(self: Any, certificate: bytes, private_key: bytes, chain: bytes | None, arn: str | None, tags: Any) -> str:
    """Over one that is there, it keeps what belongs to that one."""
    before = self._certificates.get(arn) if arn else None
    if before and tags:
        raise AWSValidationException("Tags cannot be applied when a certificate is imported again.")
    made = CertBundle(self.account_id, certificate, private_key, chain=chain, region=self.region_name)
    if _public(made._key.public_key()) != _public(made._cert.public_key()):  # noqa: SLF001 - moto keeps both so
        raise AWSValidationException("The private key does not belong to the certificate.")
    if before and _type(made) != _type(before):
        raise AWSValidationException("The type and the size of the key cannot be changed.")
    reference: str = _imported(self, certificate, private_key, chain, arn, tags)
    bundle = self._certificates[reference]
    bundle.chain = _as_given(chain)
    if before:
        bundle.tags, bundle.in_use_by, bundle.created_at = before.tags, before.in_use_by, before.created_at
    return reference


def _as_given(chain: bytes | None) -> bytes:
    """As it was given."""
    found = x509.load_pem_x509_certificates(chain) if chain else []
    return b"".join(each.public_bytes(Encoding.PEM) for each in found)


def _public(key: Any) -> bytes:
    found: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return found


def _type(bundle: Any) -> str:
    return str(bundle.describe()["Certificate"]["KeyAlgorithm"])
