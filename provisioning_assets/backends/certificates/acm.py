"""AWS Certificate Manager: certificates that it issues for names proven by DNS, whose keys it never gives away.

What is ours is known by its tags. It renews by itself, as long as the records that prove the names stay published.
https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.aws_errors import when_allowed
from provisioning_assets.backends.certificates import Held, Managed, Order, Proof
from provisioning_assets.backends.certificates.holdings import fitting
from provisioning_assets.backends.certificates.settings import Acm as Settings
from provisioning_assets.core.plan import Json
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ApplyFailed, ProviderFailed, Waiting

ISSUING_TIME = 300.0
"""Seconds for which a run waits until Amazon has seen the records; mostly it takes some minutes, at times thirty."""

RECORDS_TIME = 30.0
"""Seconds after a request until Amazon says which records it wants to see."""

RENEWED_BY = 0.9
"""Share of a lifetime after which a renewal is late: Amazon begins 60 or 45 days before the end, at three quarters."""

_COMMON_NAME = 64
_TOKEN = 32
_NAME = "Certificate"
"""The tag that tells a certificate of ours, and how its order calls it."""
_STATUSES = ("PENDING_VALIDATION", "ISSUED", "INACTIVE", "EXPIRED", "VALIDATION_TIMED_OUT", "REVOKED", "FAILED")
_STATES: Mapping[str, Any] = {"PENDING_VALIDATION": "pending", "ISSUED": "issued"}
_RENEWING = {"PENDING_VALIDATION", "FAILED"}
"""Statuses of a renewal that does not go on by itself."""
_REMEDIES = {
    "CAA_ERROR": 'let Amazon issue for these names: a CAA record `0 issue "amazon.com"`, then run again',
    "DOMAIN_NOT_ALLOWED": "take the name that the cause is about out of the certificate, or ask AWS support",
    "INVALID_PUBLIC_DOMAIN": "correct the names: each must lie below a public suffix",
}
_ALLOW = (
    "correct what the cause says, or allow acm:ListCertificates, ListTagsForCertificate, DescribeCertificate,"
    " GetCertificate, RequestCertificate, AddTagsToCertificate, DeleteCertificate"
)


class Acm:
    """The certificates of one account in one region."""

    def __init__(self, settings: Settings, access: Access) -> None:
        self._region = settings.region or access.region
        self._aws = aws.of(access)
        self._whose: dict[str, Mapping[str, str]] = {}
        """Tags of each certificate, which are set when it is requested: asked for once."""

    @classmethod
    def open(cls, settings: Settings, access: Access) -> Self:
        """The environment's account, in the region of the settings, else in the environment's."""
        return cls(settings, access)

    def reach(self) -> None:
        """Whose credentials these are, and that certificates can be listed."""
        self._aws.reach()
        with self._translated("the certificates cannot be listed"):
            _ = self._client(attempts=1, patience=3).list_certificates(MaxItems=1)["CertificateSummaryList"]

    def identity(self) -> Mapping[str, Json]:
        """The account, and where in it."""
        return {**self._aws.identity(), "authority": self.authority()}

    def authority(self) -> str:
        """Account and region: a certificate serves in its own region alone."""
        return f"acm/{self._aws.account}/{self._region}"

    def held(self, scope: str) -> Sequence[Held]:
        """What carries the tags of this scope, the oldest first."""
        found = []
        with self._translated(f"the certificates of {scope} cannot be read"):
            for reference in self._listed():
                tags = self._tags(reference)
                if _NAME in tags and tags.items() >= _whose(scope).items():
                    found.append(self._described(reference))
            found.sort(key=lambda detail: (detail["CreatedAt"], detail["CertificateArn"]))
            return [self._held(detail) for detail in found]

    def issue(self, order: Order) -> Managed:
        """The one that is held, or a new one: publish its records for good, and wait until Amazon has seen them."""
        names = ", ".join(order.names)
        mine = self.held(order.scope)
        found = fitting(mine, order.name, order.names)
        reference = found.reference if found else self._requested(order, mine)
        with self._translated(f"no certificate for {names}"):
            detail = settle(lambda: self._described(reference), done=_all_named, within=RECORDS_TIME)
            if not _all_named(detail):
                raise Waiting(
                    f"Amazon has not said yet how it wants {names} proven", where=reference, remedy="apply again"
                )
        order.keep(_proofs(detail))
        with self._translated(f"no certificate for {names}"):
            held = settle(lambda: self._held(self._described(reference)), done=_settled, within=ISSUING_TIME)
        if held.state == "lost":
            raise self._lost(held, detail)
        if not _settled(held):
            remedy = "see that every name server of the zone answers with these records, then apply again"
            raise Waiting(f"the certificate {order.name} {held.told}", where=reference, remedy=remedy)
        return Managed(reference, held.chain)

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

    def _requested(self, order: Order, mine: Sequence[Held]) -> str:
        """A new one. Requested again within the hour, it is the same: also when a run was killed on its way here."""
        before = [each.reference for each in mine if each.name == order.name]
        meant = json.dumps([order.scope, order.name, sorted(order.names), self._region, sorted(before)])
        tags = {**_whose(order.scope), _NAME: order.name, "ManagedBy": "provisioning"}
        # The first name is the common name, too, which is short.
        first = next((name for name in order.names if len(name) <= _COMMON_NAME), order.names[0])
        with self._translated(f"no certificate for {', '.join(order.names)}"):
            made = self._client().request_certificate(
                DomainName=first,
                SubjectAlternativeNames=list(order.names),
                ValidationMethod="DNS",
                IdempotencyToken=hashlib.sha256(meant.encode()).hexdigest()[:_TOKEN],
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )
        return str(made["CertificateArn"])

    def _listed(self) -> list[str]:
        pages = self._client().get_paginator("list_certificates").paginate(CertificateStatuses=list(_STATUSES))
        issued = ("AMAZON_ISSUED", None)
        return [
            str(each["CertificateArn"])
            for page in pages
            for each in page["CertificateSummaryList"]
            if each.get("Type") in issued
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
        reference, state = str(detail["CertificateArn"]), _STATES.get(detail["Status"], "lost")
        chain = ""
        if state == "issued":
            found = when_allowed(self._client().get_certificate, CertificateArn=reference)
            chain = f"{found['Certificate'].strip()}\n{found.get('CertificateChain', '').strip()}\n"
        return Held(
            reference=reference,
            name=self._tags(reference)[_NAME],
            names=tuple(sorted({detail["DomainName"], *detail.get("SubjectAlternativeNames", [])})),
            state=state,
            told=_told(detail, state, datetime.now(UTC)),
            chain=chain,
            proofs=_proofs(detail),
            used_by=tuple(detail.get("InUseBy", [])),
        )

    def _lost(self, held: Held, detail: Mapping[str, Any]) -> ProviderFailed:
        reason = self._described(held.reference).get("FailureReason", "")
        return ProviderFailed(
            f"no certificate for {', '.join(held.names)}",
            where=str(detail["CertificateArn"]),
            cause=held.told,
            remedy=_REMEDIES.get(reason, "correct what the cause says, then run again: a new one is requested"),
        )

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


def _whose(scope: str) -> Mapping[str, str]:
    """The tags that say to whom it belongs, as those of the stages do."""
    engagement, _, environment = scope.partition("-")
    return {"Engagement": engagement, "Environment": environment}


def _proofs(detail: Mapping[str, Any]) -> tuple[Proof, ...]:
    """The records of all names; a name and its wildcard have the same one."""
    records = (each.get("ResourceRecord") for each in detail.get("DomainValidationOptions", []))
    return tuple(sorted({
        Proof(record["Name"].rstrip(".").lower(), "CNAME", f"{record['Value'].rstrip('.').lower()}.")
        for record in records if record
    }))  # fmt: skip


def _all_named(detail: Mapping[str, Any]) -> bool:
    options = detail.get("DomainValidationOptions", [])
    return detail["Status"] != "PENDING_VALIDATION" or (bool(options) and all("ResourceRecord" in o for o in options))


def _settled(held: Held) -> bool:
    return held.state == "lost" or (held.state == "issued" and not held.told)


def _told(detail: Mapping[str, Any], state: str, now: datetime) -> str:
    """What it waits for, by the records that Amazon looks for, or what became of it."""
    if state == "pending":
        return f"waits until Amazon has seen {_unseen(detail.get('DomainValidationOptions', []))}"
    if state == "lost":
        reason = detail.get("FailureReason") or detail.get("RevocationReason") or ""
        return f"is {detail['Status']}{f' ({reason})' if reason else ''}"
    renewal = detail.get("RenewalSummary", {})
    if renewal.get("RenewalStatus") in _RENEWING:
        reason = renewal.get("RenewalStatusReason", "")
        left = _unseen(renewal.get("DomainValidationOptions", []))
        return f"is not renewed ({renewal['RenewalStatus']}{f', {reason}' if reason else ''}): Amazon looks for {left}"
    begin, end = detail["NotBefore"], detail["NotAfter"]
    if now >= begin + (end - begin) * RENEWED_BY:
        return f"ends at {end.isoformat()}, and Amazon has not renewed it"
    return ""


def _unseen(options: Sequence[Mapping[str, Any]]) -> str:
    left = [each for each in options if each.get("ValidationStatus") != "SUCCESS"]
    records = {f"{each['ResourceRecord']['Name'].rstrip('.')} CNAME" for each in left if "ResourceRecord" in each}
    return ", ".join(sorted(records or {str(each["DomainName"]) for each in left})) or "its records"
