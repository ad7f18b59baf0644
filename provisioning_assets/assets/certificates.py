"""Certificates: issued for the declared names, kept in the secret store, and served as issued."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from provisioning_assets.backends.certificates import CertificateAuthority, Issued, Managed
from provisioning_assets.backends.secrets import ACME_ACCOUNT, Place, certificate_secret
from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Action, Change, ChangeClass, Plan, diff
from provisioning_assets.core.settle import settle
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.sections import Certificate
from provisioning_assets.errors import ApplyFailed
from provisioning_assets.operations.challenges import Challenges
from provisioning_assets.probes import resolvers, tls
from provisioning_assets.probes.tls import Described, check_served, describe, fingerprint_of_key
from provisioning_assets.runs.asset_run import AssetRun, now
from provisioning_assets.runs.declared import equals_declared
from provisioning_assets.runs.task import Task, inputs, readiness_item, section

PICKED_UP = 20.0
"""Seconds that a server gets to pick up a new certificate."""

_AUTHORITY = "authority"
"""Metadata of a stored certificate: moving from a rehearsal authority to the real one is a change."""


@dataclass
class Certificates:
    """A target: each declared certificate is stored, with its names, from its authority, and not due for renewal."""

    run: AssetRun

    def plan(self) -> Plan:
        """Certificates to issue, and certificates to renew; a renewal is an operational change."""
        authority = self._authority.authority()
        desired = {
            f"certificate {name}": {"names": sorted(each.names), "authority": authority}
            for name, each in self._declared.items()
        }
        kept = {
            f"certificate {name}": each
            for name, wanted in self._declared.items()
            if (each := kept_for(self.run, wanted))
        }
        found = {a: {"names": list(each.leaf.names), "authority": each.authority} for a, each in kept.items()}
        renewals = [
            Change(Action.UPDATE, address, {"due": True}, {"due": False}, change_class=ChangeClass.OPERATIONAL)
            for address, each in kept.items()
            if each.leaf.renewal_due(now()) and found[address] == desired[address]
        ]
        plan = diff(desired, found)
        return Plan((*plan.changes, *renewals), plan.existing)

    def apply(self, plan: Plan) -> None:
        """Issue each certificate, and store its key and chain together as one version."""
        account = self._account()
        for change in plan.changes:
            certificate = self._declared[change.address.removeprefix("certificate ")]
            self.run.progress(f"ordering {', '.join(certificate.names)}")
            issued = self._authority.issue(certificate.names, Challenges(self.run), account)
            self._store(certificate, issued)

    @property
    def _declared(self) -> Mapping[str, Certificate]:
        return {each.name: each for each in self.run.environment.certificates.certificates}

    @property
    def _authority(self) -> CertificateAuthority:
        authority: CertificateAuthority = self.run.backend(Kind.CERTIFICATES)
        return authority

    def _account(self) -> str | None:
        """Our account at the authority, registered and stored on first use."""
        store, where = self.run.backend(Kind.SECRETS), Place(self.run.scope, "engagement")
        kept = store.read(where, ACME_ACCOUNT)["key"] if ACME_ACCOUNT in store.stored(where) else None
        contact = self.run.environment.certificates.contact
        account = self._authority.account(kept, contact)
        if kept is None and account is not None:
            store.create(where, ACME_ACCOUNT, {"key": account}, {"owner": contact, "purpose": "engagement"})
        return account

    def _store(self, certificate: Certificate, issued: Issued) -> None:
        store, where = self.run.backend(Kind.SECRETS), Place(self.run.scope, "runtime")
        name = certificate_secret(certificate.name)
        key = {"reference": issued.reference} if isinstance(issued, Managed) else {"key": issued.key}
        value = {**key, "chain": issued.chain}
        contact = self.run.environment.certificates.contact
        about = {"owner": contact, "purpose": "runtime", _AUTHORITY: self._authority.authority()}
        there = store.stored(where).get(name)
        if there is None:
            written = store.create(where, name, value, about)
        elif written := store.update(where, name, value, version=there.version):
            # After the value: a crash between the two causes one more order, and never labels an old chain as new.
            store.describe(where, name, about)
        if not written:
            raise ApplyFailed(f"somebody else wrote {where}/{name} meanwhile", remedy="run again")


@dataclass(frozen=True, slots=True)
class Kept:
    """A certificate in the secret store: its leaf, and the directory that issued it."""

    leaf: Described
    authority: str


def kept_for(run: AssetRun, certificate: Certificate) -> Kept | None:
    """The stored certificate; None when there is none."""
    store, where, name = run.backend(Kind.SECRETS), Place(run.scope, "runtime"), certificate_secret(certificate.name)
    stored = store.stored(where).get(name)
    if stored is None:
        return None
    return Kept(describe(store.read(where, name)["chain"]), stored.metadata.get(_AUTHORITY, ""))


@readiness_item(review_item=3, version=2)
def certificates_are_issued(run: AssetRun) -> Finding:
    """Every declared certificate is stored with exactly its names, from its authority, and is not due for renewal.

    Renewal is due after two thirds of the lifetime. Red names each certificate that differs. Apply to order it again.
    """
    return equals_declared(run, Certificates(run))


@readiness_item(review_item=3, within=timedelta(minutes=10))
def certificates_are_served(run: AssetRun) -> Finding:
    """Each host presents the stored certificate with a trusted chain, and the stored private key belongs to it.

    A TLS client connects to each host; a server gets 20 seconds to pick up a new certificate. Red says what the client
    saw. Make the server load the stored certificate, then run this item again.
    """
    store, where = run.backend(Kind.SECRETS), Place(run.scope, "runtime")
    problems: dict[str, str | None] = {}
    details = {}
    for certificate in run.environment.certificates.certificates:
        kept = kept_for(run, certificate)
        hosts = certificate.served_at or tuple(name for name in certificate.names if not name.startswith("*."))
        if kept is None:
            problems |= {f"{certificate.name} at {host}": "is not issued yet" for host in hosts or ("no host",)}
            continue
        value = store.read(where, certificate_secret(certificate.name))
        leaf = kept.leaf
        fingerprint = fingerprint_of_key(value["key"]) if "key" in value else leaf.key_fingerprint
        details[certificate.name] = {
            "issuer": leaf.issuer, "ends": leaf.not_after.isoformat(), "names": list(leaf.names), "serial": leaf.serial
        }  # fmt: skip
        if not hosts:
            problems[certificate.name] = "is served nowhere that could be looked at: name hosts in `served_at`"
        for host in hosts:
            problems[f"{certificate.name} at {host}"] = _served(run, host, value["chain"], fingerprint)
    return Finding.over("served certificates", problems, certificates=details)


def _served(run: AssetRun, host: str, chain: str, fingerprint: str) -> str | None:
    def look() -> str | None:
        return check_served(host, chain, fingerprint, run.access, now=now())

    return settle(look, done=lambda problem: not problem, within=PICKED_UP, every=0.5)


def task(engagement: Engagement, environment: Environment) -> Task:
    """The asset of the certificates."""
    items = (certificates_are_issued, certificates_are_served)
    own, template = section(engagement, environment, "certificates")
    return Task(
        name="certificates",
        description="TLS certificates, validated over DNS, stored with their keys in the secret store.",
        environment=environment.name,
        labels=frozenset({environment.certificates.provider.name, "tls"}),
        backends=(Kind.CERTIFICATES, Kind.SECRETS, Kind.DNS),
        views=(resolvers.viewpoint, tls.viewpoint),
        upstream=("dns_records", "secrets"),
        inputs=inputs(engagement, items, own=own, template=template),
        items=items,
        target=Certificates,
    )
