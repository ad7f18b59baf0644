"""The verified environment: the machine-readable record that is handed forward to deployment."""

from collections.abc import Mapping

import rfc8785

from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.plan import Json, digest
from provisioning_assets.engagement.models import Engagement
from provisioning_assets.runs.readiness import readiness_item, stand
from provisioning_assets.runs.task import AWS, SECRET_STORE, Task, inputs
from provisioning_assets.runs.work import Work


@readiness_item(review_item=1, derived=True)
def environment_is_verified(work: Work) -> Finding:
    """Every item of every task class that holds the promotion is green, from recorded evidence.

    Red names the item. This is what opens the next environment, and what deployment may rely on.
    """
    return Finding.over("items that hold the promotion", {
        f"{s.asset}: {s.item.name}": None if s.judgement.opens else f"{s.judgement.state}: {s.judgement.reason}"
        for node in work.session.lineage.upstream(*work.node.key)
        for s in (stand(work.session, node, item) for item in node.items)
        if s.item.gates == "promotion"
    })  # fmt: skip


def _state(work: Work) -> Mapping[str, Json]:
    """Write the record beside the environment's state, once for each content; where it lies."""
    session = work.session
    nodes = session.lineage.upstream(*work.node.key)
    contracts = {node.asset: dict(session.contract(node.asset)) for node in nodes if node.is_stage}
    handed_forward: dict[str, Json] = {
        "engagement": work.engagement.name,
        "environment": work.environment.name,
        "content": session.lineage.digests(*work.node.key).content,
        "stages": contracts,
        "zone": work.environment.dns.zone,
        "secrets": sorted(secret.name for secret in work.environment.secrets.secrets if secret.purpose == "runtime"),
        "runtime_config": work.environment.runtime_config.prefix,
        "epochs": {node.asset: session.ledger.epoch(node.asset).number for node in nodes},
    }
    key = f"{session.prefix}/verified/{digest(handed_forward)}.json"
    session.store.create(key, rfc8785.dumps(handed_forward))
    return {"record": key, **handed_forward}


def task(engagement: Engagement, upstream: tuple[str, ...]) -> Task:
    """The asset of the record."""
    items = (environment_is_verified,)
    return Task(
        name="verified_environment",
        description="The proven environment, as a record for deployment and for the next environment.",
        kinds=frozenset({"json"}),
        needs=frozenset({AWS, SECRET_STORE}),
        upstream=upstream,
        inputs=inputs(engagement, items, own=list(upstream), template=list(upstream)),
        items=items,
        state=_state,
    )
