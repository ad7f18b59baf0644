"""The environment: states that every stage before it is provisioned by code, and nothing else is there."""

from collections.abc import Mapping

from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.models import Engagement
from provisioning_assets.runs.readiness import readiness_item, stand
from provisioning_assets.runs.task import AWS, Task, inputs
from provisioning_assets.runs.work import Work


@readiness_item(review_item=1, derived=True)
def environment_is_provisioned_by_code(work: Work) -> Finding:
    """Every stage is proven: its plan is empty, nothing is unmanaged, its contract is kept.

    Reads the stages' recorded evidence; it plans nothing again. Red names the item that is not green.
    """
    session = work.session
    stages = session.lineage.upstream(*work.node.key)
    standings = [stand(session, stage, item) for stage in stages for item in stage.items]
    problems = {f"{s.asset}: {s.item.name}": None if s.judgement.opens else s.judgement.reason for s in standings}
    return Finding.over("items of the stages", problems)


def _state(work: Work) -> Mapping[str, Json]:
    """The contracts of all stages: what the environment offers."""
    stages = (node.asset for node in work.session.lineage.upstream(*work.node.key) if node.is_stage)
    return {stage: dict(work.session.contract(stage)) for stage in stages}


def task(engagement: Engagement, stages: tuple[str, ...]) -> Task:
    """The asset that states the stages."""
    items = (environment_is_provisioned_by_code,)
    return Task(
        name="environment",
        description="The environment as its stages made it: networking and IAM, datastores, compute, endpoints.",
        kinds=frozenset({"aws"}),
        needs=frozenset({AWS}),
        upstream=stages,
        inputs=inputs(engagement, items, own=list(stages), template=list(stages)),
        items=items,
        state=_state,
    )
