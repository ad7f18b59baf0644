"""AWS Private CA: an authority of an account, which signs any request of who may ask it.

https://docs.aws.amazon.com/privateca/latest/APIReference/API_IssueCertificate.html
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import Order, Signed, chains
from provisioning_assets.backends.certificates.requests import SigningRequest
from provisioning_assets.backends.certificates.settings import AcmPca as Settings
from provisioning_assets.core.plan import Json
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ProviderFailed

SIGNING_TIME = 60.0
"""Seconds that a certificate may take from its request on; mostly it takes one."""

_TOKEN = 36
"""Characters of an idempotency token: with it, a request that is repeated within minutes is one certificate."""
_REMEDY = (
    "correct `arn` or the role's permissions (acm-pca:DescribeCertificateAuthority, IssueCertificate, GetCertificate)"
)


class AcmPca:
    """One authority, by its ARN, which also says in which region it is."""

    def __init__(self, settings: Settings, access: Access) -> None:
        self._arn = settings.arn
        self._days = settings.days
        self._aws = aws.of(access)

    @classmethod
    def open(cls, settings: Settings, access: Access) -> Self:
        """The authority, with the credentials of the environment."""
        return cls(settings, access)

    def reach(self) -> None:
        """Whose credentials these are, and that the authority is there and active."""
        self._aws.reach()
        with self._translated("the authority cannot be asked"):
            self._signing_algorithm(self._client(attempts=1, patience=3))

    def identity(self) -> Mapping[str, Json]:
        """The account that asks, and the authority."""
        return {**self._aws.identity(), "authority": self._arn}

    def authority(self) -> str:
        """Its ARN."""
        return self._arn

    def issue(self, order: Order) -> Signed:
        """Sign the request for servers, and wait until the certificate is made."""
        request, client = order.request(), self._client()
        _, partition, *_ = self._arn.split(":")
        token = SigningRequest.read(request).key_fingerprint[:_TOKEN]
        with self._translated(f"no certificate for {', '.join(order.names)}"):
            made = client.issue_certificate(
                CertificateAuthorityArn=self._arn,
                Csr=request.encode(),
                SigningAlgorithm=self._signing_algorithm(client),
                TemplateArn=f"arn:{partition}:acm-pca:::template/EndEntityServerAuthCertificate/V1",
                Validity={"Value": self._days, "Type": "DAYS"},
                IdempotencyToken=token,
            )
            where = made["CertificateArn"]
            found = settle(lambda: self._made(client, where), done=bool, within=SIGNING_TIME)
        if found is None:
            raise ProviderFailed(
                f"the certificate for {', '.join(order.names)} is still being made",
                where=where,
                cause=f"it was asked for {SIGNING_TIME:.0f} s ago",
                remedy="run again",
            )
        chain = f"{found['Certificate']}\n{found.get('CertificateChain', '')}\n"
        return chains.signed(chain, order, where=where, remedy="look at the authority's own certificate and `days`")

    def _made(self, client: Any, where: str) -> Mapping[str, str] | None:
        """Certificate and chain; None while they are not there yet."""
        try:
            found: Mapping[str, str] = client.get_certificate(CertificateAuthorityArn=self._arn, CertificateArn=where)
        except client.exceptions.RequestInProgressException:
            return None
        return found

    def _signing_algorithm(self, client: Any) -> str:
        """That of the authority's own key, which is the only one that it can sign with."""
        found = client.describe_certificate_authority(CertificateAuthorityArn=self._arn)["CertificateAuthority"]
        if found["Status"] != "ACTIVE":
            raise ProviderFailed(
                "the authority signs nothing",
                where=self._arn,
                cause=f"its status is {found['Status']}",
                remedy="activate it (install its certificate, or enable it), or name another `arn`",
            )
        return str(found["CertificateAuthorityConfiguration"]["SigningAlgorithm"])

    def _client(self, **limits: int) -> Any:
        return self._aws.client("acm-pca", self._arn.split(":")[3], **limits)

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            with self._aws.translated("AWS Private CA"):
                yield
        except ProviderFailed as error:
            where = error.where if error.where and not error.where.startswith("http") else self._arn
            raise ProviderFailed(
                what, where=where, cause=error.cause or error.what, remedy=error.remedy or _REMEDY
            ) from None
