"""What is kept of an environment's certificates: in the secret store, and with a product that keeps the keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from provisioning_assets.backends.certificates import Astray, Held, Proof
from provisioning_assets.backends.secrets import Place, certificate_secret
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Action, Change
from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.sections import Certificate
from provisioning_assets.errors import ApplyFailed
from provisioning_assets.probes.tls import Described, describe
from provisioning_assets.runs.asset_run import AssetRun

_AUTHORITY, _COPIED_TO = "authority", "copied-to"
"""Metadata of a stored certificate: moving from a rehearsal authority to the real one is a change, and so is a move of
its copy."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A certificate that was issued: its chain, and the authority that it is from."""

    chain: str
    authority: str
    key_type: str
    """Of its key; empty where the product keeps that, which chose it."""
    held: Held | None = None
    """Where its product keeps it, key and all."""
    copy: str = ""
    """Reference of its copy in another product, as it was stored when the copy was made."""
    copied_to: str = ""
    """Where that copy lies."""

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
    if "key" in value:
        copy, copied_to = value.get("reference", ""), stored.metadata.get(_COPIED_TO, "")
        key_type = describe(value["chain"]).key_type
        return Kept(value["chain"], authority, key_type, copy=copy, copied_to=copied_to if copy else "")
    # A chain without its key is no certificate.
    there = next((each for each in held if each.reference == value.get("reference") and each.chain), None)
    return Kept(there.chain, authority, "", there) if there else None


def keep(
    run: AssetRun, certificate: Certificate, value: Mapping[str, str], *, authority: str, copied_to: str = ""
) -> None:
    """Store what a certificate is known by, as one version."""
    store, where, name = run.backend(Kind.SECRETS), Place(run.scope, "runtime"), certificate_secret(certificate.name)
    about = {"owner": run.environment.certificates.contact, "purpose": "runtime", _AUTHORITY: authority}
    about |= {_COPIED_TO: copied_to} if copied_to else {}
    there = store.find(where, name)
    if there is None:
        written = store.create(where, name, value, about)
    elif written := store.update(where, name, value, version=there.version):
        # After the value: a crash between the two causes one more order, and never labels an old chain as new.
        store.describe(where, name, about)
    if not written:
        raise ApplyFailed(f"somebody else wrote {where}/{name} meanwhile", remedy="run again")


def removal(address: str, held: Held) -> Change:
    """The change that deletes it. One that is served is kept: the rules refuse to delete what is stateful."""
    before, used = {"name": held.name, "names": list(held.names)}, bool(held.used_by)
    return Change(
        Action.DELETE, address, before, stateful=used,
        because=f"{held.name} is used by {', '.join(held.used_by)}" if used else "",
        remedy=f"list {held.name} in the file again until nothing uses it" if used else "",
    )  # fmt: skip


def keeps_keys(environment: Environment) -> bool:
    """Whether the environment's certificates stay with the product that issues them."""
    return environment.certificates.keeps_keys


def holdings(run: AssetRun) -> Sequence[Held]:
    """All that the product which keeps the keys holds of the environment, the oldest first; else nothing."""
    if not keeps_keys(run.environment):
        return ()
    held: Sequence[Held] = run.backend(Kind.CERTIFICATES).held(run.scope)
    return held


def astray(run: AssetRun) -> Astray:
    """What was left where certificates, or copies of them, lay before."""
    products = [Kind.CERTIFICATES] if keeps_keys(run.environment) else []
    products += [Kind.COPIES] if Kind.COPIES in run.environment.products else []
    found: list[Astray] = [run.backend(kind).astray(run.scope) for kind in products]
    unseen = {place: why for each in found for place, why in each.unseen.items()}
    return Astray(tuple(held for each in found for held in each.held), unseen)


def kept_proofs(held: Sequence[Held]) -> Mapping[str, Proof]:
    """The records that must stay in the zone, by their addresses there."""
    return {proof.address: proof for each in held if each.state != "lost" for proof in each.proofs}
