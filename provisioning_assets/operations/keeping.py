"""What a product that keeps the keys holds for an environment; nothing where the keys lie in the secret store."""

from collections.abc import Mapping, Sequence

from provisioning_assets.backends.certificates import Held, Proof
from provisioning_assets.core.kinds import Kind
from provisioning_assets.engagement.models import Environment
from provisioning_assets.runs.asset_run import AssetRun


def keeps_keys(environment: Environment) -> bool:
    """Whether the environment's certificates stay with the product that issues them."""
    return environment.certificates.keeps_keys


def holdings(run: AssetRun) -> Sequence[Held]:
    """All that is held of the environment's certificates, the oldest first."""
    if not keeps_keys(run.environment):
        return ()
    held: Sequence[Held] = run.backend(Kind.CERTIFICATES).held(run.scope)
    return held


def kept_proofs(held: Sequence[Held]) -> Mapping[str, Proof]:
    """The records that must stay in the zone, by their addresses there."""
    return {proof.address: proof for each in held if each.state != "lost" for proof in each.proofs}
