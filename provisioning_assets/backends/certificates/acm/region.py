"""What AWS Certificate Manager holds in one region of an account; what is ours is known by its tags."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any, ClassVar, Self

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.aws_errors import when_allowed
from provisioning_assets.backends.certificates import Astray, Held
from provisioning_assets.errors import ApplyFailed, ProviderFailed, ProvisioningError

NAME = "Certificate"
"""The tag that tells a certificate of ours, and how its order calls it."""

CLOUDFRONT = "us-east-1"
"""The region from which CloudFront takes certificates."""

_STATUSES = ("PENDING_VALIDATION", "ISSUED", "INACTIVE", "EXPIRED", "VALIDATION_TIMED_OUT", "REVOKED", "FAILED")
_KEY_TYPES = (
    "RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1",
)  # fmt: skip
_ALLOW = (
    "correct what the cause says, or allow acm:ListCertificates, ListTagsForCertificate, DescribeCertificate,"
    " GetCertificate, RequestCertificate or ImportCertificate, AddTagsToCertificate, DeleteCertificate"
)


class InRegion:
    """Certificates of one type, in one account and one region: listed, told, and deleted."""

    type: ClassVar[str]
    """Those of this type, and no others."""

    def __init__(self, settings: Any, access: Access) -> None:
        self._region = settings.region or access.region
        self._aws = aws.of(access)
        self._whose: dict[str, Mapping[str, str]] = {}
        """Tags of each certificate, which are set when it is made: asked for once."""

    @classmethod
    def open(cls, settings: Any, access: Access) -> Self:
        """The environment's account, in the region of the settings, else in the environment's."""
        return cls(settings, access)

    def reach(self) -> None:
        """Whose credentials these are, and that certificates can be listed."""
        self._aws.reach()
        with self._translated("the certificates cannot be listed"):
            _ = self._client(attempts=1, patience=3).list_certificates(MaxItems=1)["CertificateSummaryList"]

    @property
    def _place(self) -> str:
        """Account and region: a certificate serves in its own region alone."""
        return f"acm/{self._aws.account}/{self._region}"

    def held(self, scope: str) -> Sequence[Held]:
        """What carries the tags of this scope, the oldest first."""
        found = []
        with self._translated(f"the certificates of {scope} cannot be read"):
            for reference in self._listed():
                tags = self._tags(reference)
                if NAME in tags and tags.items() >= _whose(scope).items():
                    found.append(self._described(reference))
            found = [detail for detail in found if detail["Type"] == self.type]  # an emulation's list has no types
            found.sort(key=lambda detail: (detail.get("CreatedAt") or detail["ImportedAt"], detail["CertificateArn"]))
            return [self._held(detail) for detail in found]

    def astray(self, scope: str) -> Astray:
        """What lies in the environment's own region, or in CloudFront's, when it is to lie in another one."""
        held, unseen = list[Held](), dict[str, str]()
        for region in sorted(self._likely() - {self._region}):
            there = copy(self)
            there._region = region  # noqa: SLF001 - the same, elsewhere
            try:
                held += there.held(scope)
            except ProvisioningError as error:  # some accounts may use some regions alone
                unseen[f"acm/{self._aws.account}/{region}"] = error.told
        return Astray(tuple(held), unseen)

    def drop(self, held: Held) -> None:
        """Delete one, unless something uses it; Amazon refuses that, too."""
        what, client = f"the certificate {held.name} is not deleted", self._client()
        try:
            with self._translated(what):
                try:
                    used = self._described(held.reference).get("InUseBy", [])
                    if not used:
                        client.delete_certificate(CertificateArn=held.reference)
                except client.exceptions.ResourceNotFoundException:
                    return
        except ProviderFailed as error:
            raise ApplyFailed(what, where=held.reference, cause=error.cause, remedy=error.remedy) from None
        if used:
            cause, remedy = f"it is used by {', '.join(used)}", "have these use another one, then run again"
            raise ApplyFailed(what, where=held.reference, cause=cause, remedy=remedy)

    def _likely(self) -> set[str]:
        """The regions in which something of an environment may serve certificates."""
        partition = self._client().meta.partition
        return {*([CLOUDFRONT] if partition == "aws" else []), *filter(None, [self._aws.access.region])}

    def _listed(self) -> list[str]:
        # Unless it is asked for all types of keys, Amazon lists RSA keys of up to 2048 bits alone.
        asked = {"CertificateStatuses": list(_STATUSES), "Includes": {"keyTypes": list(_KEY_TYPES)}}
        pages = self._client().get_paginator("list_certificates").paginate(**asked)
        return [
            str(each["CertificateArn"])
            for page in pages
            for each in page["CertificateSummaryList"]
            if each.get("Type", self.type) == self.type
        ]

    def _tags(self, reference: str) -> Mapping[str, str]:
        if reference not in self._whose:
            client = self._client()
            try:
                answer = when_allowed(client.list_tags_for_certificate, CertificateArn=reference)
            except client.exceptions.ResourceNotFoundException:
                return {}  # deleted since it was listed
            self._whose[reference] = {each["Key"]: each.get("Value", "") for each in answer["Tags"]}
        return self._whose[reference]

    def _described(self, reference: str) -> Mapping[str, Any]:
        answer = when_allowed(self._client().describe_certificate, CertificateArn=reference)
        detail: Mapping[str, Any] = answer["Certificate"]
        return detail

    def _held(self, detail: Mapping[str, Any]) -> Held:
        raise NotImplementedError

    def _chain(self, reference: str) -> str:
        """Leaf first, PEM."""
        found = when_allowed(self._client().get_certificate, CertificateArn=reference)
        return f"{found['Certificate'].strip()}\n{found.get('CertificateChain', '').strip()}\n"

    def _client(self, **limits: int) -> Any:
        return self._aws.client("acm", self._region, **limits)

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            with self._aws.translated("AWS Certificate Manager"):
                yield
        except KeyError as missing:
            where = self._aws.endpoint("acm") or f"AWS Certificate Manager in {self._region}"
            cause, remedy = f"its answer has no {missing}", "see that this is the address of AWS Certificate Manager"
            raise ProviderFailed(what, where=where, cause=cause, remedy=remedy) from None
        except ProviderFailed as error:
            where = error.where or f"AWS Certificate Manager in {self._region}"
            raise ProviderFailed(
                what, where=where, cause=error.cause or error.what, remedy=error.remedy or _ALLOW
            ) from None


def tags_of(scope: str, name: str) -> list[dict[str, str]]:
    """The tags of one that is ours, as Amazon takes them."""
    tags = {**_whose(scope), NAME: name, "ManagedBy": "provisioning"}
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _whose(scope: str) -> Mapping[str, str]:
    """The tags that say to whom it belongs, as those of the stages do."""
    engagement, _, environment = scope.partition("-")
    return {"Engagement": engagement, "Environment": environment}
