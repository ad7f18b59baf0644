"""Copies in AWS Certificate Manager of certificates that others issued, for what serves from there.

Amazon takes a key and never gives it back, and renews nothing of it. Imported again over the same ARN, a certificate is
soon served by whatever uses it. https://docs.aws.amazon.com/acm/latest/userguide/import-certificate.html
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from provisioning_assets.backends import aws_errors
from provisioning_assets.backends.aws_errors import when_allowed
from provisioning_assets.backends.certificates import Held, Original, chains
from provisioning_assets.backends.certificates.acm.region import NAME, InRegion, tags_of
from provisioning_assets.backends.certificates.requests import names_in
from provisioning_assets.core.plan import Json
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ApplyFailed

SEEN_TIME = 30.0
"""Seconds after an import until Amazon's lists have it."""

_SERVED = ("ISSUED", "EXPIRED")
"""What uses an expired one goes on serving it."""
_LIMIT, _GONE = "LimitExceededException", "ResourceNotFoundException"
_REFUSED = {"ValidationException", "InvalidParameterException"}
_PIECE = 24
"""Characters of a key that would betray it."""


class AcmCopies(InRegion):
    """The certificates that were imported in one region of an account."""

    type = "IMPORTED"

    def identity(self) -> Mapping[str, Json]:
        """The account, and where in it."""
        return {**self._aws.identity(), "place": self.place()}

    def place(self) -> str:
        """Account and region: a certificate serves in its own region alone."""
        return self._place

    def put(self, original: Original, over: Held | None = None) -> str:
        """Import it, with our tags; over one that has them, which keeps its ARN and its users."""
        what = f"the certificate {original.name} is not imported"
        leaf, *issuers = (each.public_bytes(Encoding.PEM) for each in chains.certificates(original.chain.encode()))
        given: dict[str, Any] = {"Certificate": leaf, "PrivateKey": original.key.encode()}
        if issuers:
            given["CertificateChain"] = b"".join(issuers)
        given |= {"CertificateArn": over.reference} if over else {"Tags": tags_of(original.scope, original.name)}
        # Tried once: an import whose answer gets lost may have been made, and each one makes another copy.
        client = self._client(attempts=1)
        with self._translated(what):
            try:
                reference = str(when_allowed(client.import_certificate, **given)["CertificateArn"])
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", "unknown"))
                said = str(error.response.get("Error", {}).get("Message", ""))
                remedy = _remedy(code, over, aws_errors.remedy(error, self._aws.access))
            else:
                settle(lambda: self._shows(reference, leaf), done=bool, within=SEEN_TIME)
                return reference
        # Outside of the handlers: an error would carry the answer as its context.
        cause = f"{code}: {'' if _betrays(said, original.key) else said}".removesuffix(": ")
        raise ApplyFailed(what, where=over.reference if over else self.place(), cause=cause, remedy=remedy)

    def _shows(self, reference: str, leaf: bytes) -> bool:
        return reference in self._listed() and self._chain(reference).encode().startswith(leaf.strip())

    def _held(self, detail: Mapping[str, Any]) -> Held:
        reference, served = str(detail["CertificateArn"]), detail["Status"] in _SERVED
        chain = self._chain(reference) if served else ""
        # Not as the service tells them: there may be no common name, and an emulation may have no names at all.
        names = names_in(x509.load_pem_x509_certificate(chain.encode()).extensions) if served else ()
        return Held(
            reference=reference,
            name=self._tags(reference)[NAME],
            names=names,
            state="issued" if served else "lost",
            told="" if detail["Status"] == "ISSUED" else f"is {detail['Status']}",
            chain=chain,
            used_by=tuple(detail.get("InUseBy", [])),
        )


def _remedy(code: str, over: Held | None, usual: str) -> str:
    if code == _LIMIT:
        return "delete imports that nobody needs, or ask AWS for a higher quota: of what is there, or of a year"
    if code == _GONE:
        return "run again: it was deleted meanwhile, and is imported anew"
    if code in _REFUSED and over:
        return (
            "correct what the cause says; what an import over another one cannot change (usages of the key) needs a new"
            f" one: have what uses {over.reference} use none, delete it, then run again"
        )
    if code in _REFUSED:
        return "correct what the cause says; some authorities sign with a key of another type: try another `key_type`"
    return usual


def _betrays(said: str, key: str) -> bool:
    """Whether a text repeats a part of a key, as it is or as it was sent."""
    forms = (key, b64encode(key.encode()).decode())
    return any(form[at : at + _PIECE] in said for form in forms for at in range(0, len(form) - _PIECE, _PIECE))
