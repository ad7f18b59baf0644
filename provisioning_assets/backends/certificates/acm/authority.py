"""AWS Certificate Manager: certificates that it issues for names proven by DNS, whose keys it never gives away.

What is ours is known by its tags. It renews by itself, as long as the records that prove the names stay published.
https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from provisioning_assets.backends.certificates import Held, Managed, Order, Proof
from provisioning_assets.backends.certificates.acm.region import NAME, InRegion, tags_of
from provisioning_assets.backends.certificates.holdings import fitting
from provisioning_assets.core.plan import Json
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ProviderFailed, Waiting

ISSUING_TIME = 300.0
"""Seconds for which a run waits until Amazon has seen the records; mostly it takes some minutes, at times thirty."""

RECORDS_TIME = 30.0
"""Seconds after a request until Amazon says which records it wants to see."""

RENEWED_BY = 0.9
"""Share of a lifetime after which a renewal is late: Amazon begins 60 or 45 days before the end, at three quarters."""

_COMMON_NAME = 64
_TOKEN = 32
_STATES: Mapping[str, Any] = {"PENDING_VALIDATION": "pending", "ISSUED": "issued"}
_RENEWING = {"PENDING_VALIDATION", "FAILED"}
"""Statuses of a renewal that does not go on by itself."""
_REMEDIES = {
    "CAA_ERROR": 'let Amazon issue for these names: a CAA record `0 issue "amazon.com"`, then run again',
    "DOMAIN_NOT_ALLOWED": "take the name that the cause is about out of the certificate, or ask AWS support",
    "INVALID_PUBLIC_DOMAIN": "correct the names: each must lie below a public suffix",
}


class Acm(InRegion):
    """The certificates that it has issued in one region of an account."""

    type = "AMAZON_ISSUED"

    def identity(self) -> Mapping[str, Json]:
        """The account, and where in it."""
        return {**self._aws.identity(), "authority": self.authority()}

    def authority(self) -> str:
        """Account and region: a certificate serves in its own region alone."""
        return self._place

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

    def _requested(self, order: Order, mine: Sequence[Held]) -> str:
        """A new one. Requested again within the hour, it is the same: also when a run was killed on its way here."""
        before = [each.reference for each in mine if each.name == order.name]
        meant = json.dumps([order.scope, order.name, sorted(order.names), self._region, sorted(before)])
        # The first name is the common name, too, which is short.
        first = next((name for name in order.names if len(name) <= _COMMON_NAME), order.names[0])
        with self._translated(f"no certificate for {', '.join(order.names)}"):
            made = self._client().request_certificate(
                DomainName=first,
                SubjectAlternativeNames=list(order.names),
                ValidationMethod="DNS",
                IdempotencyToken=hashlib.sha256(meant.encode()).hexdigest()[:_TOKEN],
                Tags=tags_of(order.scope, order.name),
            )
        return str(made["CertificateArn"])

    def _held(self, detail: Mapping[str, Any]) -> Held:
        reference, state = str(detail["CertificateArn"]), _STATES.get(detail["Status"], "lost")
        return Held(
            reference=reference,
            name=self._tags(reference)[NAME],
            names=tuple(sorted({detail["DomainName"], *detail.get("SubjectAlternativeNames", [])})),
            state=state,
            told=_told(detail, state, datetime.now(UTC)),
            chain=self._chain(reference) if state == "issued" else "",
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
