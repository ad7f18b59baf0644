"""The verified environment: the machine-readable record for deployment."""

from collections.abc import Mapping

import rfc8785

from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Json, digest
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.graph import VERIFIED
from provisioning_assets.runs.stages import outputs
from provisioning_assets.runs.standings import stand
from provisioning_assets.runs.task import Task, inputs, readiness_item


@readiness_item(review_item=1, derived=True)
def environment_is_verified(run: AssetRun) -> Finding:
    """Every readiness item that gates the promotion is green or waived, according to the recorded evidence.

    Red names each item that is neither. Green opens the next environment, and tells deployment what it can rely on.
    """
    return Finding.over("items that hold the promotion", {
        f"{s.asset}: {s.item.name}": None if s.judgement.opens else f"{s.judgement.state}: {s.judgement.reason}"
        for task in run.session.graph.upstream(run.task)
        for s in (stand(run.session, task, item) for item in task.rules)
        if s.item.gates == "promotion"
    })  # fmt: skip


def _state(run: AssetRun) -> Mapping[str, Json]:
    """Write the record beside the environment's state, once for each content; return its key and its content."""
    session, environment = run.session, run.environment
    tasks = session.graph.upstream(run.task)
    handed_forward: dict[str, Json] = {
        "engagement": run.engagement.name,
        "environment": environment.name,
        "content": session.graph.digests(run.task).content,
        "stages": {task.name: dict(outputs(session, task.name)) for task in tasks if task.is_stage},
        "zone": environment.dns.zone,
        "secrets": sorted(secret.name for secret in environment.secrets.secrets if secret.purpose == "runtime"),
        "runtime_config": environment.runtime_config.prefix,
        "epochs": {task.name: session.ledger.epoch(task.name).number for task in tasks},
    }
    key = f"{session.prefix}/verified/{digest(handed_forward)}.json"
    session.backend(Kind.STORE).create(key, rfc8785.dumps(handed_forward))
    return {"record": key, **handed_forward}


def task(engagement: Engagement, environment: Environment, upstream: tuple[str, ...]) -> Task:
    """The asset of the record."""
    items = (environment_is_verified,)
    return Task(
        name=VERIFIED,
        environment=environment.name,
        description="The proven environment, as a record for deployment and for the next environment.",
        labels=frozenset({"json"}),
        backends=(Kind.SECRETS,),
        upstream=upstream,
        inputs=inputs(engagement, items, own=list(upstream), template=list(upstream)),
        items=items,
        state=_state,
    )
