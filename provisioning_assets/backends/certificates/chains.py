"""Chains as authorities answer them: whether each is the certificate that was asked for."""

import warnings
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID

from provisioning_assets.backends.certificates import Order, Signed
from provisioning_assets.backends.certificates.requests import SigningRequest, fingerprint, names_in
from provisioning_assets.errors import ProviderFailed

_PRIVATE = "PRIVATE KEY-----"
_PKCS7 = "-----BEGIN PKCS7-----"


def signed(chain: str, order: Order, *, where: str, remedy: str) -> Signed:
    """The chain, if it is for the order's request and complete; `ProviderFailed` says all that is wrong with it."""
    request = SigningRequest.read(order.request())
    try:
        flaws = list(_flaws(chain, request, datetime.now(UTC)))
    except (ValueError, UnsupportedAlgorithm):  # read when it is first asked for
        flaws = ["a certificate in it cannot be read"]
    if flaws:
        what = f"the chain for {', '.join(order.names)} cannot be used"
        raise ProviderFailed(what, where=where, cause="; ".join(flaws), remedy=remedy)
    return Signed("".join(each.public_bytes(Encoding.PEM).decode() for each in certificates(chain.encode())))


def certificates(pem: bytes) -> list[x509.Certificate]:
    """Every certificate of a text; `ValueError` when there is none, or one that cannot be read."""
    with warnings.catch_warnings():
        # Some old roots have serial numbers that RFC 5280 forbids; nobody can mend them.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return x509.load_pem_x509_certificates(pem)


def renewal_due(not_before: datetime, not_after: datetime, now: datetime) -> bool:
    """True from two thirds of the lifetime on: lifetimes shrink, a fixed number of days does not."""
    return now >= not_before + (not_after - not_before) * 2 / 3


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether one signed the other."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _flaws(pem: str, request: SigningRequest, now: datetime) -> Iterator[str]:
    if _PRIVATE in pem:
        yield "a private key lies in it, which belongs to nobody but the secret store: take it away"
        return
    try:
        chain = certificates(pem.encode())
    except ValueError:
        yield "it is PKCS #7, not PEM certificates" if _PKCS7 in pem else "it holds no PEM certificate"
        return
    own = [place for place, each in enumerate(chain) if fingerprint(each.public_key()) == request.key_fingerprint]
    if not own:
        names = ", ".join(names_in(chain[0].extensions)) or chain[0].subject.rfc4514_string() or "no name"
        yield f"it belongs to another key: its first certificate is for {names}"
    elif own[0]:
        yield f"it is in the wrong order: the certificate for the request is number {own[0] + 1}, and belongs first"
    else:
        yield from _flaws_of_leaf(chain[0], request, now)
        yield from _gaps(chain)
        for each in chain[1:]:
            if now > each.not_valid_after_utc:
                yield f"{each.subject.rfc4514_string()} expired at {each.not_valid_after_utc.isoformat()}"


def _flaws_of_leaf(leaf: x509.Certificate, request: SigningRequest, now: datetime) -> Iterator[str]:
    names = names_in(leaf.extensions)
    if lacking := sorted(set(request.names) - set(names)):
        yield f"it is not for {', '.join(lacking)}"
    if more := sorted(set(names) - set(request.names)):
        yield f"it is also for {', '.join(more)}, which nobody asked for"
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if now > end:
        yield f"it expired at {end.isoformat()}"
    elif now < begin:
        yield f"it is not valid before {begin.isoformat()}"
    elif renewal_due(begin, end, now):
        yield f"two thirds of its lifetime are over, it ends at {end.isoformat()}"
    try:
        uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(uses):
        yield "it is not for servers (its extended key usage)"


def _gaps(chain: Sequence[x509.Certificate]) -> Iterator[str]:
    """Where a certificate is not followed by its issuer's."""
    for each, following in pairwise(chain):
        if issued_by(each, following):
            continue
        place = next((number for number, other in enumerate(chain, 1) if issued_by(each, other)), 0)
        if place:
            yield f"it is in the wrong order: {_called(each)} is issued by number {place}, which belongs after it"
        else:
            yield _missing(each)
    if len(chain) == 1:
        yield _missing(chain[0])


def _missing(certificate: x509.Certificate) -> str:
    issuer = certificate.issuer.rfc4514_string()
    return f"the certificate of {issuer} is missing, who issued {_called(certificate)}"


def _called(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "the first one"
