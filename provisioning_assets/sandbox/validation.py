"""Validation by DNS for the emulated certificate manager: it issues when the records are there, and not before.

moto issues after a while, whatever DNS says, and its chain does not hold together: its leaf is signed by its own key
(moto 5.2.5).
"""

import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from moto import settings
from moto.acm.models import acm_backends

from provisioning_assets.probes.resolvers import Server, ask
from provisioning_assets.sandbox.processes import say

LOOK_EVERY = 0.5
"""Seconds between two looks."""

_ROOT = x509.Name.from_rfc4514_string("CN=Emulated Certificate Manager")
_LIFETIME = timedelta(days=198)
_PENDING = "PENDING_VALIDATION"


def never_by_time() -> None:
    """Leave every certificate pending until somebody validates it."""
    settings.ACM_VALIDATION_WAIT = sys.maxsize


class Validator:
    """Asks one name server for the records of each certificate that waits, and issues it when all are there."""

    def __init__(self, name_server: str) -> None:
        host, _, port = name_server.rpartition(":")
        self._name_server = Server(host, int(port))
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._root = self._signed(_ROOT, self._key.public_key(), x509.BasicConstraints(ca=True, path_length=0))

    def start(self) -> None:
        """Look repeatedly, until the process ends."""
        threading.Thread(target=self._watch, daemon=True).start()

    def look(self) -> None:
        """Issue each whose names are proven now."""
        for each in _waiting():
            if all(self._published(option["ResourceRecord"]) for option in _options(each)):
                self._issue(each)

    def _watch(self) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_EVERY):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - the next look may go better, and none would look without a word
                say(f"certificates were not looked at: {type(error).__name__}")

    def _published(self, record: dict[str, str]) -> bool:
        found = ask(record["Name"].rstrip("."), record["Type"], self._name_server, authority=True)
        return found.values == (record["Value"],)

    def _issue(self, bundle: Any) -> None:
        """Signed by a root of ours, for the key that the emulation keeps."""
        names = x509.SubjectAlternativeName([x509.DNSName(name) for name in bundle.sans])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        no_authority = x509.BasicConstraints(ca=False, path_length=None)
        leaf = self._signed(bundle._cert.subject, bundle._key.public_key(), no_authority, names, usage)  # noqa: SLF001
        bundle._cert = leaf  # noqa: SLF001 - moto keeps both forms
        bundle.cert, bundle.chain = (each.public_bytes(serialization.Encoding.PEM) for each in (leaf, self._root))
        bundle.status = "ISSUED"

    def _signed(self, subject: x509.Name, key: Any, *extensions: x509.ExtensionType) -> x509.Certificate:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder(issuer_name=_ROOT, subject_name=subject, public_key=key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + _LIFETIME)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        for each in extensions:
            made = made.add_extension(each, critical=isinstance(each, x509.BasicConstraints))
        return made.sign(self._key, hashes.SHA256())


def _waiting() -> Iterator[Any]:
    for regions in list(acm_backends.values()):
        for backend in list(regions.values()):
            for bundle in list(backend._certificates.values()):  # noqa: SLF001 - there is no public list of all regions
                if bundle.type == "AMAZON_ISSUED" and bundle.status == _PENDING:
                    yield bundle


def _options(bundle: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bundle.describe()["Certificate"]["DomainValidationOptions"]
    return found
