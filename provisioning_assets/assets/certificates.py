"""Certificates: issued for the declared names, kept in the secret store, and served as issued."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from provisioning_assets.backends.certificates import CertificateAuthority, Managed
from provisioning_assets.backends.secrets import Place, certificate_secret
from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import OTHERWISE, Action, Attributes, Change, ChangeClass, Plan, diff
from provisioning_assets.core.settle import settle
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.sections import Certificate
from provisioning_assets.errors import ApplyFailed, Waiting
from provisioning_assets.operations.orders import Order
from provisioning_assets.probes import resolvers, tls
from provisioning_assets.probes.tls import Described, check_served, describe, fingerprint_of_key
from provisioning_assets.runs.asset_run import AssetRun, now
from provisioning_assets.runs.declared import equals_declared
from provisioning_assets.runs.task import Task, inputs, readiness_item, section

PICKED_UP = 20.0
"""Seconds that a server gets to pick up a new certificate."""

_AUTHORITY = "authority"
"""Metadata of a stored certificate: moving from a rehearsal authority to the real one is a change."""

_USUAL = Certificate.model_fields["key_type"].default


@dataclass
class Certificates:
    """A target: each declared certificate is stored, as declared, from its authority, and not due for renewal."""

    run: AssetRun

    def plan(self) -> Plan:
        """Certificates to issue, and certificates to renew; a renewal is an operational change."""
        authority = self._authority.authority()
        desired: dict[str, Attributes] = {}
        found: dict[str, Attributes] = {}
        renewals = []
        for name, each in self._declared.items():
            address, kept = f"certificate {name}", kept_for(self.run, each)
            wanted = {"names": sorted(each.names), "authority": authority}
            has = {"names": list(kept.leaf.names), "authority": kept.authority} if kept else {}
            types = each.key_type, (kept.key_type if kept else "") or each.key_type
            if set(types) != {_USUAL}:  # else it is in no plan, and the digests of plans stay what they were
                wanted["key_type"] = types[0]
                has |= {"key_type": types[1]} if kept else {}
            desired[address] = {**wanted, OTHERWISE: []}
            if has == wanted and kept and not kept.leaf.renewal_due(now()):
                found[address] = desired[address]
                continue
            # What an authority is still to answer is said where people look: in the plan, and in the item about it.
            waits = list(filter(None, [self._order(each, kept).waiting]))
            if has == wanted:
                found[address] = desired[address]
                due, renewed = {"due": True, OTHERWISE: waits}, {"due": False, OTHERWISE: []}
                renewals.append(Change(Action.UPDATE, address, due, renewed, change_class=ChangeClass.OPERATIONAL))
            elif kept or waits:
                found[address] = {"names": [], "authority": "", **has, OTHERWISE: waits}
        plan = diff(desired, found)
        return Plan((*plan.changes, *renewals), plan.existing)

    def apply(self, plan: Plan) -> None:
        """Issue each, and store its key and chain as one version; `Waiting` names those that take longer."""
        waiting = []
        for change in plan.changes:
            certificate = self._declared[change.address.removeprefix("certificate ")]
            order = self._order(certificate, kept_for(self.run, certificate))
            self.run.progress(f"ordering {', '.join(certificate.names)}")
            try:
                issued = self._authority.issue(order)
            except Waiting as answer:
                order.wait(answer.what)
                self.run.progress(answer.what)
                waiting.append(answer)
                continue
            key = {"reference": issued.reference} if isinstance(issued, Managed) else {"key": order.key()}
            self._store(certificate, {**key, "chain": issued.chain})
            order.done()
        if waiting[1:]:
            what = f"{len(waiting)} certificates are not issued yet"
            raise Waiting(what, cause="; ".join(each.brief for each in waiting), remedy="then apply again")
        if waiting:
            raise waiting[0]

    def _order(self, certificate: Certificate, kept: "Kept | None") -> Order:
        return Order(self.run, certificate, kept.leaf.key_fingerprint if kept else "")

    @property
    def _declared(self) -> Mapping[str, Certificate]:
        return {each.name: each for each in self.run.environment.certificates.certificates}

    @property
    def _authority(self) -> CertificateAuthority:
        authority: CertificateAuthority = self.run.backend(Kind.CERTIFICATES)
        return authority

    def _store(self, certificate: Certificate, value: Mapping[str, str]) -> None:
        store, where = self.run.backend(Kind.SECRETS), Place(self.run.scope, "runtime")
        name = certificate_secret(certificate.name)
        contact = self.run.environment.certificates.contact
        about = {"owner": contact, "purpose": "runtime", _AUTHORITY: self._authority.authority()}
        there = store.find(where, name)
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
    key_type: str
    """Of its key; empty where the product keeps that, which chose it."""


def kept_for(run: AssetRun, certificate: Certificate) -> Kept | None:
    """The stored certificate; None when there is none."""
    store, where, name = run.backend(Kind.SECRETS), Place(run.scope, "runtime"), certificate_secret(certificate.name)
    stored = store.find(where, name)
    if stored is None:
        return None
    value = store.read(where, name)
    leaf = describe(value["chain"])
    return Kept(leaf, stored.metadata.get(_AUTHORITY, ""), leaf.key_type if "key" in value else "")


@readiness_item(review_item=3, version=2)
def certificates_are_issued(run: AssetRun) -> Finding:
    """Every declared certificate is stored with exactly its names, from its authority, and is not due for renewal.

    Its key is of the declared type. Renewal is due after two thirds of the lifetime. Red names each certificate that
    differs. Apply to order it again.
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
    product = environment.certificates.provider.name
    in_zone = environment.certificates.proof == "dns-01"
    return Task(
        name="certificates",
        description="TLS certificates, stored with their keys in the secret store.",
        environment=environment.name,
        labels=frozenset({product, "tls"}),
        backends=(Kind.CERTIFICATES, Kind.SECRETS, *([Kind.DNS] if in_zone else [])),
        views=(resolvers.viewpoint, tls.viewpoint),
        upstream=("dns_records", "secrets"),
        inputs=inputs(engagement, items, own=own, template=template),
        items=items,
        target=Certificates,
    )
