"""Certificates: what a chain says, and what a TLS client is really served."""

import hashlib
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import verification

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates.chains import certificates, renewal_due
from provisioning_assets.backends.certificates.requests import fingerprint, names_in, type_of
from provisioning_assets.backends.variables import texts
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ConfigurationError, Problem, ProviderFailed

TIMEOUT = 3.0
"""Seconds for a connection, and for each step of its handshake."""

_HTTPS = 443
_CONNECT_TO = "PROVISIONING_CONNECT_TO"
VARIABLES = texts(_CONNECT_TO, "SSL_CERT_FILE")
"""What is read here of a profile."""
_PART = r"(\[[0-9A-Fa-f:]+\]|[^:\[\]]*)"
_RULE = re.compile(rf"{_PART}:(\d*|\*):{_PART}:(\d*)")


@dataclass(frozen=True, slots=True)
class Described:
    """The contents of a chain's leaf certificate."""

    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    serial: str
    fingerprint: str
    """SHA-256 of the certificate."""
    key_fingerprint: str
    """SHA-256 of the public key (SPKI), which its private key shares."""
    key_type: str
    """`ec256`, `rsa2048` and the like."""

    def renewal_due(self, now: datetime) -> bool:
        """True after two thirds of the lifetime."""
        return renewal_due(self.not_before, self.not_after, now)

    def covers(self, host: str) -> bool:
        """Whether one of the names is the host; a wildcard stands for one label (RFC 9525, 6.3)."""
        return host in self.names or f"*.{host.partition('.')[2]}" in self.names


def describe(chain: str) -> Described:
    """The leaf of a PEM chain; `ProviderFailed` when it holds none."""
    return _described(_certificates(chain.encode(), "the stored chain")[0])


def fingerprints(chain: str) -> tuple[str, ...]:
    """SHA-256 of each certificate of a PEM chain."""
    return tuple(_described(each).fingerprint for each in _certificates(chain.encode(), "the stored chain"))


def fingerprint_of_key(private_key: str) -> str:
    """SHA-256 of the public half of a PEM private key."""
    return fingerprint(serialization.load_pem_private_key(private_key.encode(), password=None).public_key())


def check_served(
    host: str, issued_chain: str, key_fingerprint: str, access: Access, *, now: datetime, renewed_here: bool = True
) -> str | None:
    """What is wrong with the certificate that a TLS client gets at `host`; None when it is the issued one and valid.

    One that is renewed here must not be due; when a product renews its own is that product's matter.
    """
    issued = describe(issued_chain)
    address = connect_to(host, access)
    try:
        served = _fetch(host, address)
    except ssl.SSLError as error:
        return f"the TLS handshake with {_place(host, address)} fails: {error.reason or error}"
    except OSError as error:
        return f"{_place(host, address)} cannot be reached: {error.strerror or error}"
    problems = list(_problems(host, _described(served[0]), issued, key_fingerprint, now, renewed_here=renewed_here))
    return "; ".join(problems) or _distrust(host, served, access, now)


def connect_to(host: str, access: Access, port: int = _HTTPS) -> tuple[str, int]:
    """Where to connect for a host: PROVISIONING_CONNECT_TO in the form of curl's --connect-to, else the host itself."""
    for rule in filter(None, (part.strip() for part in access.get(_CONNECT_TO).split(","))):
        found = _RULE.fullmatch(rule)
        if found is None:
            problem = Problem(_CONNECT_TO, 0, 0, f"`{rule}` is no rule", "host:port:host:port: `*:443:127.0.0.1:8443`")
            raise ConfigurationError([problem], remedy=f"correct the variable {_CONNECT_TO}")
        wanted_host, wanted_port, to_host, to_port = found.groups()
        if wanted_host in {"*", "", host} and wanted_port in {"*", "", str(port)}:
            return to_host.strip("[]") or host, int(to_port or port)
    return host, port


def viewpoint(access: Access) -> dict[str, Json]:
    """The vantage point of TLS checks, and a digest of their trust store; empty if there is none."""
    anchors = _anchors(access)
    trusted = hashlib.sha256(anchors.read_bytes()).hexdigest() if anchors.is_file() else ""
    return {**access.viewpoint(_CONNECT_TO), "trust anchors": trusted}


def _anchors(access: Access) -> Path:
    return Path(access.get("SSL_CERT_FILE") or certifi.where())


def _problems(
    host: str, served: Described, issued: Described, key_fingerprint: str, now: datetime, *, renewed_here: bool
) -> Iterator[str]:
    if served.fingerprint != issued.fingerprint:
        yield (
            f"{host} serves another certificate (serial {served.serial} of {served.issuer or 'nobody'}) "
            f"than the issued one (serial {issued.serial} of {issued.issuer})"
        )
    if served.key_fingerprint != key_fingerprint:
        yield "the served certificate does not belong to the stored key"
    if not served.covers(host):
        yield f"the certificate is for {', '.join(served.names) or 'no name'}, not for {host}"
    if now > served.not_after:
        yield f"it expired at {served.not_after.isoformat()}"
    elif now < served.not_before:
        yield f"it is not valid before {served.not_before.isoformat()}"
    elif renewed_here and served.renewal_due(now):
        yield f"two thirds of its lifetime are over, it ends at {served.not_after.isoformat()}: renew it"


def _distrust(host: str, chain: Sequence[x509.Certificate], access: Access, now: datetime) -> str | None:
    """Why a client would not trust the chain for this host."""
    anchors = _anchors(access)
    try:
        trusted = _certificates(anchors.read_bytes(), f"the file of trust anchors {anchors}")
    except OSError as error:
        raise ProviderFailed(
            "the trust anchors cannot be read",
            where=str(anchors),
            cause=error.strerror or str(error),
            remedy="correct SSL_CERT_FILE, or unset it for Mozilla's anchors",
        ) from None
    policy = verification.PolicyBuilder().store(verification.Store(trusted)).time(now)
    try:
        verifier = policy.build_server_verifier(x509.DNSName(host))
    except ValueError:
        return f"{host} is no host name that a TLS client could ask for"
    try:
        verifier.verify(chain[0], list(chain[1:]))
    except verification.VerificationError as error:
        return f"the chain of {chain[0].issuer.rfc4514_string()} is not trusted for {host}: {error}"
    return None


def _fetch(host: str, address: tuple[str, int]) -> list[x509.Certificate]:
    """The chain as served, leaf first. Nothing is verified here, so that a bad chain can be looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(address, timeout=TIMEOUT) as plain,
        context.wrap_socket(plain, server_hostname=host) as tls,
    ):
        return [x509.load_der_x509_certificate(certificate) for certificate in _unverified_chain(tls)]


def _unverified_chain(tls: ssl.SSLSocket) -> list[bytes]:
    """Every certificate that the server sent. A public API from Python 3.13 on; before, the same call underneath."""
    if hasattr(tls, "get_unverified_chain"):
        return list(tls.get_unverified_chain())
    sent = tls._sslobj.get_unverified_chain()  # type: ignore[attr-defined]  # noqa: SLF001 - no public way in 3.11
    return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in sent]


def _place(host: str, address: tuple[str, int]) -> str:
    to_host, port = address
    return f"{host}:{port}" if to_host == host else f"{host} (at {to_host}:{port})"


def _certificates(pem: bytes, what: str) -> list[x509.Certificate]:
    try:
        return certificates(pem)
    except ValueError:
        raise ProviderFailed(f"{what} holds no PEM certificate", remedy="look at what was written there") from None


def _described(leaf: x509.Certificate) -> Described:
    return Described(
        names=names_in(leaf.extensions),
        issuer=leaf.issuer.rfc4514_string(),
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        serial=f"{leaf.serial_number:x}",
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
        key_fingerprint=fingerprint(leaf.public_key()),
        key_type=type_of(leaf.public_key()),
    )
