"""Copies of issued certificates in a product that serves them: what it has is what was issued, over each renewal."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from provisioning_assets.backends.certificates import Copies, Held, Original
from provisioning_assets.backends.secrets import Place, certificate_secret
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import OTHERWISE, Action, Attributes, Change, ChangeClass
from provisioning_assets.engagement.sections import Certificate
from provisioning_assets.operations.keeping import Kept, keep, kept_for, removal
from provisioning_assets.probes.tls import describe, fingerprints
from provisioning_assets.runs.asset_run import AssetRun

COPY = "copy "
"""How the addresses of copies begin: then follows the name, or the reference of one that is to go."""

_NEXT = "the one that is issued next"


@dataclass(frozen=True)
class Copied:
    """The copies of an environment's certificates, as they are now; none where nothing is imported."""

    run: AssetRun

    @cached_property
    def held(self) -> Sequence[Held]:
        """All that the product has of this environment, the oldest first."""
        return self._product.held(self.run.scope) if self._wanted else ()

    def changes(self, kept: Mapping[str, Kept | None], coming: Container[str]) -> Iterator[Change]:
        """What differs from the certificates that are kept; those that are `coming` are issued by the same apply."""
        for certificate in self._declared.values() if self._wanted else ():
            name = certificate.name
            if change := self._change(certificate, kept[name], coming=name in coming):
                yield change
        for each in self._undeclared.values():
            yield removal(f"{COPY}{each.reference}", each)

    def write(self, change: Change) -> None:
        """Import one that is kept by now, and store the reference beside it; or delete one that is not declared."""
        address = change.address.removeprefix(COPY)
        if change.action is Action.DELETE:
            self._product.drop(self._undeclared[address])
            return
        certificate = self._declared[address]
        kept = kept_for(self.run, certificate, ())
        if kept is None:
            return  # its authority has not issued it yet
        there = self.of(certificate, kept)
        store, secret = self.run.backend(Kind.SECRETS), certificate_secret(certificate.name)
        value = dict(store.read(Place(self.run.scope, "runtime"), secret))
        if there is None or fingerprints(there.chain) != fingerprints(kept.chain):
            self.run.progress(f"importing {certificate.name} into {self._product.place()}")
            original = Original(self.run.scope, certificate.name, value["chain"], value["key"])
            reference = self._product.put(original, there)
        else:
            reference = there.reference
        if (kept.copy, kept.copied_to) != (reference, self._product.place()):
            about = {"authority": kept.authority, "copied_to": self._product.place()}
            keep(self.run, certificate, {**value, "reference": reference}, **about)

    def of(self, certificate: Certificate, kept: Kept | None, *, coming: bool = False) -> Held | None:
        """The copy of a certificate: the one whose reference is stored, else one that is equal, else the oldest.

        A key of another type needs another copy; one that is coming is of the declared type.
        """
        key_type = certificate.key_type if coming or not kept else kept.key_type
        mine = [each for each in self.held if each.name == certificate.name and each.chain]
        found = [each for each in mine if describe(each.chain).key_type == key_type]
        reference, chain = (kept.copy, fingerprints(kept.chain)) if kept else ("", ())
        return min(
            found, key=lambda each: (each.reference != reference, fingerprints(each.chain) != chain), default=None
        )

    def _change(self, certificate: Certificate, kept: Kept | None, *, coming: bool) -> Change | None:
        """What is to be done about the copy of one certificate."""
        address, place = f"{COPY}{certificate.name}", self._product.place()
        there = self.of(certificate, kept, coming=coming)
        after: Attributes = {"certificate": _NEXT, "issuers": []}
        if kept and not coming:
            after = _contents(kept.chain)
        if there is None:
            # What is put back was reviewed when it was first made.
            known = kept is not None and kept.copied_to == place
            change_class = ChangeClass.OPERATIONAL if known else ChangeClass.CONTENT
            return Change(Action.CREATE, address, None, {**after, "place": place}, change_class=change_class)
        stored = kept.copy if kept and kept.copied_to == place else ""
        before: Attributes = {**_contents(there.chain), "reference": stored}
        after = {**after, "reference": there.reference}
        if before == after:
            return None
        told = {OTHERWISE: list(filter(None, [there.told]))}
        return Change(
            Action.UPDATE, address, {**before, **told}, {**after, OTHERWISE: []}, change_class=ChangeClass.OPERATIONAL
        )

    @property
    def _wanted(self) -> bool:
        return Kind.COPIES in self.run.environment.products

    @property
    def _undeclared(self) -> dict[str, Held]:
        return {each.reference: each for each in self.held if each.name not in self._declared}

    @property
    def _declared(self) -> Mapping[str, Certificate]:
        return {each.name: each for each in self.run.environment.certificates.certificates}

    @property
    def _product(self) -> Copies:
        product: Copies = self.run.backend(Kind.COPIES)
        return product


def _contents(chain: str) -> Attributes:
    leaf, *issuers = fingerprints(chain)
    return {"certificate": leaf, "issuers": issuers}
