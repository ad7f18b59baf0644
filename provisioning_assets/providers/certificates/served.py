"""Certificates as they are: what a chain says, and what a TLS client is really served."""

import os
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import verification

TIMEOUT = 3.0
"""Seconds for a connection and its handshake."""

_HTTPS = 443


@dataclass(frozen=True, slots=True)
class Described:
    """What a chain's leaf says."""

    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    serial: str
    key_fingerprint: str
    """SHA-256 of the public key (SPKI), which its private key shares."""

    def renewal_due(self, now: datetime) -> bool:
        """True from two thirds of the lifetime on: lifetimes shrink, a fixed number of days does not."""
        return now >= self.not_before + (self.not_after - self.not_before) * 2 / 3


def describe(chain: str) -> Described:
    """The leaf of a PEM chain."""
    leaf = x509.load_pem_x509_certificates(chain.encode())[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return Described(
        names=tuple(sorted(names.get_values_for_type(x509.DNSName))),
        issuer=leaf.issuer.rfc4514_string(),
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        serial=f"{leaf.serial_number:x}",
        key_fingerprint=_fingerprint(leaf.public_key()),
    )


def fingerprint_of_key(private_key: str) -> str:
    """SHA-256 of the public half of a PEM private key."""
    return _fingerprint(serialization.load_pem_private_key(private_key.encode(), password=None).public_key())


def check_served(host: str, stored_chain: str, key_fingerprint: str, *, now: datetime) -> str | None:
    """What is wrong with the certificate that a TLS client gets at `host`; None when it is the stored one and good."""
    try:
        served = _fetch(host)
    except ssl.SSLError as error:
        return f"the TLS handshake with {host} fails: {error.reason or error}"
    except OSError as error:
        return f"{host} cannot be reached: {error.strerror or error}"
    chain = x509.load_pem_x509_certificates("".join(served).encode())
    stored = x509.load_pem_x509_certificates(stored_chain.encode())[0]
    if chain[0].fingerprint(hashes.SHA256()) != stored.fingerprint(hashes.SHA256()):
        return f"{host} serves another certificate (serial {chain[0].serial_number:x}) than the stored one"
    if _fingerprint(chain[0].public_key()) != key_fingerprint:
        return "the served certificate does not belong to the stored key"
    described = describe("".join(served))
    if described.renewal_due(now):
        return f"two thirds of its lifetime are over, it ends at {described.not_after.isoformat()}: renew it"
    return _distrust(host, chain, now)


def _distrust(host: str, chain: Sequence[x509.Certificate], now: datetime) -> str | None:
    """Why a client would not trust the chain for this host."""
    anchors = x509.load_pem_x509_certificates(_anchors().read_bytes())
    verifier = (
        verification.PolicyBuilder().store(verification.Store(anchors)).time(now)
        .build_server_verifier(x509.DNSName(host))
    )  # fmt: skip
    try:
        verifier.verify(chain[0], list(chain[1:]))
    except verification.VerificationError as error:
        return f"the chain is not trusted for {host}: {error}"
    return None


def _fetch(host: str) -> list[str]:
    """The chain as served, PEM, leaf first. Nothing is verified here, so that a bad chain can be looked at."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(connect_to(host), timeout=TIMEOUT) as plain,
        context.wrap_socket(plain, server_hostname=host) as tls,
    ):
        return [ssl.DER_cert_to_PEM_cert(certificate) for certificate in _unverified_chain(tls)]


def _unverified_chain(tls: ssl.SSLSocket) -> list[bytes]:
    """Every certificate that the server sent. Public API from Python 3.13 on; the same call below it before."""
    if hasattr(tls, "get_unverified_chain"):
        return list(tls.get_unverified_chain())
    sent = tls._sslobj.get_unverified_chain()  # type: ignore[attr-defined]  # noqa: SLF001 - no public way in 3.11
    return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in sent]


def connect_to(host: str, port: int = _HTTPS) -> tuple[str, int]:
    """Where to connect for a host: PROVISIONING_CONNECT_TO in the form of curl's --connect-to, else the host itself."""
    for rule in filter(None, os.environ.get("PROVISIONING_CONNECT_TO", "").split(",")):
        wanted_host, wanted_port, to_host, to_port = rule.strip().split(":")
        if wanted_host in {"*", "", host} and wanted_port in {"*", "", str(port)}:
            return to_host or host, int(to_port or port)
    return host, port


def _anchors() -> Path:
    """Trust anchors: SSL_CERT_FILE, else Mozilla's."""
    return Path(os.environ.get("SSL_CERT_FILE") or certifi.where())


def _fingerprint(public_key: object) -> str:
    encoded = public_key.public_bytes(  # type: ignore[attr-defined] # every kind of public key has it
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = hashes.Hash(hashes.SHA256())
    digest.update(encoded)
    return digest.finalize().hex()
