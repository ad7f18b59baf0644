"""Certificates: issued for the declared names, kept in the secret store, and served as issued."""

from collections.abc import Mapping
from dataclasses import dataclass

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from provisioning_assets.backends.certificates import CertificateAuthority, Issued
from provisioning_assets.backends.certificates.registry import BACK_ENDS, directory_url
from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.plan import Action, Change, ChangeClass, Plan, diff
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.sections import ACME_ACCOUNT, Certificate
from provisioning_assets.errors import ApplyFailed
from provisioning_assets.operations.challenges import Challenges
from provisioning_assets.probes.tls import Described, check_served, describe, fingerprint_of_key
from provisioning_assets.runs.readiness import readiness_item
from provisioning_assets.runs.task import (
    AUTHORITY,
    AWS,
    NAME_SERVERS,
    SECRET_STORE,
    Task,
    equals_declared,
    inputs,
    section,
)
from provisioning_assets.runs.work import Work, now

PICKED_UP = 20.0
"""Seconds that whatever serves a new certificate gets to pick it up."""

_AUTHORITY = "authority"
"""What is kept beside a certificate: moving from a rehearsal authority to the real one is a change."""


@dataclass
class Certificates:
    """A target: each declared certificate is in the secret store, for its names, by its authority, and not due."""

    work: Work

    def plan(self) -> Plan:
        """Certificates to issue, and those to renew, which is an operational change."""
        authority = directory_url(self.work.environment.certificates.directory)
        desired = {
            f"certificate {name}": {"names": sorted(each.names), "authority": authority}
            for name, each in self._declared.items()
        }
        kept = {
            f"certificate {name}": each
            for name, wanted in self._declared.items()
            if (each := kept_for(self.work, wanted))
        }
        found = {a: {"names": list(each.leaf.names), "authority": each.authority} for a, each in kept.items()}
        renewals = [
            Change(Action.UPDATE, address, {"due": True}, {"due": False}, change_class=ChangeClass.OPERATIONAL)
            for address, each in kept.items()
            if each.leaf.renewal_due(now()) and found[address] == desired[address]
        ]
        return Plan((*diff(desired, found).changes, *renewals))

    def apply(self, plan: Plan) -> None:
        """Issue each one, and store key and chain together as one version."""
        authority = self._authority()
        for change in plan.changes:
            certificate = self._declared[change.address.removeprefix("certificate ")]
            self.work.session.progress(f"{self.work.address}: ordering {', '.join(certificate.names)}")
            issued = authority.issue(certificate.names, Challenges(self.work))
            self._store(certificate, issued)

    @property
    def _declared(self) -> Mapping[str, Certificate]:
        return {each.name: each for each in self.work.environment.certificates.certificates}

    def _authority(self) -> CertificateAuthority:
        """The authority with the account that we keep, made at the first use."""
        settings, store = self.work.environment.certificates, self.work.session.secret_store
        mount = f"{self.work.session.scope}-engagement"
        kept = store.read(mount, ACME_ACCOUNT)["key"] if ACME_ACCOUNT in store.stored(mount) else None
        authority = BACK_ENDS[settings.provider](settings.directory, settings.contact, kept)
        if kept is None:
            metadata = {"owner": settings.contact, "purpose": "engagement"}
            store.create(mount, ACME_ACCOUNT, {"key": authority.account_key()}, metadata)
        return authority

    def _store(self, certificate: Certificate, issued: Issued) -> None:
        store, mount, name = self.work.session.secret_store, _mount(self.work), certificate.secret
        value = {"key": issued.key, "chain": issued.chain}
        settings = self.work.environment.certificates
        about = {"owner": settings.contact, "purpose": "runtime", _AUTHORITY: directory_url(settings.directory)}
        there = store.stored(mount).get(name)
        if there is None:
            written = store.create(mount, name, value, about)
        elif written := store.update(mount, name, value, version=there.version):
            # After the value: a crash between the two orders once more, and never calls an old chain a new one.
            store.describe(mount, name, about)
        if not written:
            raise ApplyFailed(f"somebody else wrote {mount}/{name} meanwhile", remedy="run again")


def _mount(work: Work) -> str:
    return f"{work.session.scope}-runtime"


@dataclass(frozen=True, slots=True)
class Kept:
    """A certificate in the secret store: its leaf, and the directory that it was ordered from."""

    leaf: Described
    authority: str


def kept_for(work: Work, certificate: Certificate) -> Kept | None:
    """The stored certificate; None when there is none."""
    store, mount = work.session.secret_store, _mount(work)
    stored = store.stored(mount).get(certificate.secret)
    if stored is None:
        return None
    return Kept(describe(store.read(mount, certificate.secret)["chain"]), stored.metadata.get(_AUTHORITY, ""))


@readiness_item(review_item=3, version=2)
def certificates_are_issued(work: Work) -> Finding:
    """Every declared certificate is stored, for exactly its names, by its authority, before two thirds of its life."""
    return equals_declared(work, Certificates(work))


@readiness_item(review_item=3)
def certificates_are_served(work: Work) -> Finding:
    """A TLS client at each host is served the stored certificate, with a trusted chain, and the key belongs to it.

    Red says what the client saw. The server gets some seconds to pick a new certificate up.
    """
    store = work.session.secret_store
    problems: dict[str, str | None] = {}
    details = {}
    for certificate in work.environment.certificates.certificates:
        kept = kept_for(work, certificate)
        hosts = certificate.served_at or tuple(name for name in certificate.names if not name.startswith("*."))
        if kept is None:
            problems |= {f"{certificate.name} at {host}": "is not issued yet" for host in hosts or ("no host",)}
            continue
        value = store.read(_mount(work), certificate.secret)
        fingerprint = fingerprint_of_key(value["key"])
        leaf = kept.leaf
        details[certificate.name] = {
            "issuer": leaf.issuer, "ends": leaf.not_after.isoformat(), "names": list(leaf.names), "serial": leaf.serial
        }  # fmt: skip
        if not hosts:
            problems[certificate.name] = "is served nowhere that could be looked at: name hosts in `served_at`"
        for host in hosts:
            problems[f"{certificate.name} at {host}"] = _served(host, value["chain"], fingerprint)
    finding = Finding.over("served certificates", problems)
    return Finding(finding.ready, finding.summary, {**finding.evidence, "certificates": details})


def _served(host: str, chain: str, fingerprint: str) -> str | None:
    attempts = Retrying(stop=stop_after_delay(PICKED_UP), wait=wait_fixed(0.5), retry=retry_if_result(bool))
    try:
        return attempts(check_served, host, chain, fingerprint, now=now())
    except RetryError as error:
        found: str | None = error.last_attempt.result()
        return found


def task(engagement: Engagement, environment: Environment) -> Task:
    """The asset of the certificates."""
    items = (certificates_are_issued, certificates_are_served)
    own, template = section(engagement, environment, "certificates")
    return Task(
        name="certificates",
        description="TLS certificates, proven by DNS, stored with their keys in the secret store.",
        kinds=frozenset({environment.certificates.provider, "tls"}),
        needs=frozenset({AWS, SECRET_STORE, AUTHORITY, NAME_SERVERS}),
        upstream=("dns_records", "secrets"),
        inputs=inputs(engagement, items, own=own, template=template),
        items=items,
        target=Certificates,
    )
