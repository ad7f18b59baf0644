"""Issuing: every declared certificate is there, as declared; what its product keeps stays with the product."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from provisioning_assets.backends.certificates import Held, Keeper, Managed
from provisioning_assets.backends.certificates.holdings import fitting
from provisioning_assets.backends.secrets import Place, certificate_secret
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import OTHERWISE, Action, Attributes, Change, ChangeClass, Plan, diff
from provisioning_assets.engagement.sections import Certificate
from provisioning_assets.errors import ApplyFailed, Waiting
from provisioning_assets.operations.challenges import Challenges
from provisioning_assets.operations.keeping import holdings, keeps_keys, kept_proofs
from provisioning_assets.operations.orders import Order
from provisioning_assets.probes.tls import Described, describe
from provisioning_assets.runs.asset_run import AssetRun, now

_AUTHORITY = "authority"
"""Metadata of a stored certificate: moving from a rehearsal authority to the real one is a change."""

_USUAL = Certificate.model_fields["key_type"].default


_CERTIFICATE, _RECORD = "certificate ", "record "


@dataclass
class Certificates:
    """A target: each declared certificate is there, as declared, from its authority, and not due for renewal.

    Where the product keeps the keys, what it holds is what is there; the secret store has the reference to it.
    """

    run: AssetRun

    def plan(self) -> Plan:
        """Certificates to issue, and certificates to renew; a renewal is an operational change."""
        authority, held = self._authority.authority(), holdings(self.run)
        desired: dict[str, Attributes] = {}
        found: dict[str, Attributes] = {}
        renewals = []
        for name, each in self._declared.items():
            address, kept = f"{_CERTIFICATE}{name}", kept_for(self.run, each, held)
            wanted = {"names": sorted(each.names), "authority": authority}
            has = {"names": list(kept.leaf.names), "authority": kept.authority} if kept else {}
            types = each.key_type, (kept.key_type if kept else "") or each.key_type
            if set(types) != {_USUAL}:  # else it is in no plan, and the digests of plans stay what they were
                wanted["key_type"] = types[0]
                has |= {"key_type": types[1]} if kept else {}
            desired[address] = {**wanted, OTHERWISE: []}
            if has == wanted and kept and not kept.due(now()):
                found[address] = desired[address]
                continue
            # What an authority is still to answer is said where people look: in the plan, and in the item about it.
            waits = list(filter(None, [self._waiting(each, kept, held)]))
            if has == wanted:
                found[address] = desired[address]
                due, renewed = {"due": True, OTHERWISE: waits}, {"due": False, OTHERWISE: []}
                renewals.append(Change(Action.UPDATE, address, due, renewed, change_class=ChangeClass.OPERATIONAL))
            elif kept or waits:
                found[address] = {"names": [], "authority": "", **has, OTHERWISE: waits}
        plan, undeclared = diff(desired, found), self._undeclared(held)
        changes = (*plan.changes, *renewals, *self._unpublished(held), *map(_removal, undeclared.values()))
        return Plan(changes, plan.existing + len(undeclared))

    def apply(self, plan: Plan) -> None:
        """Issue each, and store what it is known by as one version; `Waiting` names those that take longer."""
        waiting = []
        held = holdings(self.run)
        undeclared, proofs = self._undeclared(held), kept_proofs(held)
        for change in plan.changes:
            if change.address.startswith(_RECORD):
                Challenges(self.run).keep([proofs[change.address.removeprefix(_RECORD)]])
            elif change.action is Action.DELETE:
                self._authority.drop(undeclared[change.address])
            else:
                waiting += self._issue(self._declared[change.address.removeprefix(_CERTIFICATE)], held)
        if waiting[1:]:
            what = f"{len(waiting)} certificates are not issued yet"
            raise Waiting(what, cause="; ".join(each.brief for each in waiting), remedy="then apply again")
        if waiting:
            raise waiting[0]

    def _issue(self, certificate: Certificate, held: Sequence[Held]) -> list[Waiting]:
        """Order one certificate, and keep it; what its authority waits for."""
        order = self._order(certificate, kept_for(self.run, certificate, held))
        self.run.progress(f"ordering {', '.join(certificate.names)}")
        try:
            issued = self._authority.issue(order)
        except Waiting as answer:
            order.wait(answer.what)
            self.run.progress(answer.what)
            return [answer]
        if isinstance(issued, Managed):
            self._store(certificate, {"reference": issued.reference})
        else:
            self._store(certificate, {"key": order.key(), "chain": issued.chain})
        order.done()
        return []

    def _waiting(self, certificate: Certificate, kept: "Kept | None", held: Sequence[Held]) -> str:
        if not keeps_keys(self.run.environment):
            return self._order(certificate, kept).waiting
        mine = [each for each in held if each.name == certificate.name]
        now_held = fitting(mine, certificate.name, certificate.names) or next(iter(mine[::-1]), None)
        return now_held.told if now_held else ""

    def _unpublished(self, held: Sequence[Held]) -> Iterator[Change]:
        """Records that a certificate is renewed by, and that somebody took out of the zone."""
        kept = [kept_for(self.run, each, held) for each in self._declared.values()] if held else []
        proofs = kept_proofs([each.held for each in kept if each and each.held])
        for each in Challenges(self.run).missing(list(proofs.values())) if proofs else ():
            address, wanted = f"{_RECORD}{each.address}", {"value": each.value}
            yield Change(Action.CREATE, address, None, wanted, change_class=ChangeClass.OPERATIONAL)

    def _undeclared(self, held: Sequence[Held]) -> dict[str, Held]:
        """Those that are held of this environment under a name that is not in the file."""
        return {f"{_CERTIFICATE}{each.reference}": each for each in held if each.name not in self._declared}

    def _order(self, certificate: Certificate, kept: "Kept | None") -> Order:
        return Order(self.run, certificate, kept.leaf.key_fingerprint if kept else "")

    @property
    def _declared(self) -> Mapping[str, Certificate]:
        return {each.name: each for each in self.run.environment.certificates.certificates}

    @property
    def _authority(self) -> Keeper:
        """Only one that keeps the keys is asked what it holds."""
        authority: Keeper = self.run.backend(Kind.CERTIFICATES)
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


def _removal(held: Held) -> Change:
    """The change that deletes it. One that is served is kept: the rules refuse to delete what is stateful."""
    before, used = {"name": held.name, "names": list(held.names)}, bool(held.used_by)
    return Change(
        Action.DELETE, f"{_CERTIFICATE}{held.reference}", before, stateful=used,
        because=f"{held.name} is used by {', '.join(held.used_by)}" if used else "",
        remedy=f"list {held.name} in the file again until nothing uses it" if used else "",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """A certificate that was issued: its chain, and the authority that it is from."""

    chain: str
    authority: str
    key_type: str
    """Of its key; empty where the product keeps that, which chose it."""
    held: Held | None = None
    """Where its product keeps it, key and all."""

    @property
    def leaf(self) -> Described:
        """What it says."""
        return describe(self.chain)

    def due(self, at: datetime) -> bool:
        """Whether it must be renewed; a product that renews by itself says when it cannot."""
        return bool(self.held.told) if self.held else self.leaf.renewal_due(at)


def kept_for(run: AssetRun, certificate: Certificate, held: Sequence[Held]) -> Kept | None:
    """The certificate that the secret store has, or has the reference of; None when there is none."""
    store, where, name = run.backend(Kind.SECRETS), Place(run.scope, "runtime"), certificate_secret(certificate.name)
    stored = store.find(where, name)
    if stored is None:
        return None
    value, authority = store.read(where, name), stored.metadata.get(_AUTHORITY, "")
    if "reference" not in value:  # a chain without its key is no certificate
        return Kept(value["chain"], authority, describe(value["chain"]).key_type) if "key" in value else None
    there = next((each for each in held if each.reference == value["reference"] and each.chain), None)
    return Kept(there.chain, authority, "", there) if there else None
