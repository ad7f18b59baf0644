"""Issuing: every declared certificate is there, as declared; what its product keeps stays with the product."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioning_assets.backends.certificates import Held, Keeper, Managed
from provisioning_assets.backends.certificates.holdings import fitting
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import OTHERWISE, Action, Attributes, Change, ChangeClass, Plan, diff
from provisioning_assets.engagement.sections import Certificate
from provisioning_assets.errors import Waiting
from provisioning_assets.operations.challenges import Challenges
from provisioning_assets.operations.copying import COPY, Copied
from provisioning_assets.operations.keeping import Kept, holdings, keep, keeps_keys, kept_for, kept_proofs, removal
from provisioning_assets.operations.orders import Order
from provisioning_assets.runs.asset_run import AssetRun, now

_USUAL = Certificate.model_fields["key_type"].default


_CERTIFICATE, _RECORD = "certificate ", "record "


@dataclass
class Certificates:
    """A target: each declared certificate is there, as declared, from its authority, and not due for renewal.

    Where the product keeps the keys, what it holds is what is there; the secret store has the reference to it. Where
    another product is to have copies, they are the same certificates.
    """

    run: AssetRun

    def plan(self) -> Plan:
        """Certificates to issue, and certificates to renew; a renewal is an operational change."""
        authority, held = self._authority.authority(), holdings(self.run)
        desired: dict[str, Attributes] = {}
        found: dict[str, Attributes] = {}
        renewals, all_kept, coming = [], dict[str, Kept | None](), set[str]()
        for name, each in self._declared.items():
            address, kept = f"{_CERTIFICATE}{name}", kept_for(self.run, each, held)
            all_kept[name] = kept
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
            coming.add(name)
            # What an authority is still to answer is said where people look: in the plan, and in the item about it.
            waits = list(filter(None, [self._waiting(each, kept, held)]))
            if has == wanted:
                found[address] = desired[address]
                due, renewed = {"due": True, OTHERWISE: waits}, {"due": False, OTHERWISE: []}
                renewals.append(Change(Action.UPDATE, address, due, renewed, change_class=ChangeClass.OPERATIONAL))
            elif kept or waits:
                found[address] = {"names": [], "authority": "", **has, OTHERWISE: waits}
        plan, undeclared, copied = diff(desired, found), self._undeclared(held), Copied(self.run)
        removals = (removal(address, each) for address, each in undeclared.items())
        copies = copied.changes(all_kept, coming)
        changes = (*plan.changes, *renewals, *self._unpublished(held), *removals, *copies)
        return Plan(changes, plan.existing + len(undeclared) + len(copied.held))

    def apply(self, plan: Plan) -> None:
        """Issue each, and store what it is known by as one version; `Waiting` names those that take longer."""
        waiting = []
        held, copied = holdings(self.run), Copied(self.run)
        undeclared, proofs = self._undeclared(held), kept_proofs(held)
        for change in plan.changes:
            if change.address.startswith(_RECORD):
                Challenges(self.run).keep([proofs[change.address.removeprefix(_RECORD)]])
            elif change.address.startswith(COPY):
                copied.write(change)
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
        kept = kept_for(self.run, certificate, held)
        order = self._order(certificate, kept)
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
            # The copy of the one before is still there: this one is put over it.
            copy = {"reference": kept.copy} if kept and kept.copy else {}
            copied_to = kept.copied_to if kept else ""
            self._store(certificate, {"key": order.key(), "chain": issued.chain, **copy}, copied_to)
        order.done()
        return []

    def _waiting(self, certificate: Certificate, kept: Kept | None, held: Sequence[Held]) -> str:
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

    def _order(self, certificate: Certificate, kept: Kept | None) -> Order:
        return Order(self.run, certificate, kept.leaf.key_fingerprint if kept else "")

    @property
    def _declared(self) -> Mapping[str, Certificate]:
        return {each.name: each for each in self.run.environment.certificates.certificates}

    @property
    def _authority(self) -> Keeper:
        """Only one that keeps the keys is asked what it holds."""
        authority: Keeper = self.run.backend(Kind.CERTIFICATES)
        return authority

    def _store(self, certificate: Certificate, value: Mapping[str, str], copied_to: str = "") -> None:
        keep(self.run, certificate, value, authority=self._authority.authority(), copied_to=copied_to)
