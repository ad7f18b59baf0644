"""The environment: every stage is provisioned by code, and nothing else exists."""

from collections.abc import Mapping

from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.stages import outputs
from provisioning_assets.runs.standings import stand
from provisioning_assets.runs.task import Task, inputs, readiness_item


@readiness_item(review_item=1, derived=True)
def environment_is_provisioned_by_code(run: AssetRun) -> Finding:
    """Every stage is proven: its plan is empty, nothing is unmanaged, and its outputs are published.

    This reads the stages' recorded evidence and plans nothing itself. Red names each item that is not green. Fix that
    stage first.
    """
    stages = run.session.graph.upstream(run.task)
    standings = [stand(run.session, stage, item) for stage in stages for item in stage.rules]
    problems = {f"{s.asset}: {s.item.name}": None if s.judgement.opens else s.judgement.reason for s in standings}
    return Finding.over("items of the stages", problems)


def _state(run: AssetRun) -> Mapping[str, Json]:
    """The outputs of all stages: what the environment provides."""
    stages = (task.name for task in run.session.graph.upstream(run.task) if task.is_stage)
    return {stage: dict(outputs(run.session, stage)) for stage in stages}


def task(engagement: Engagement, environment: Environment, stages: tuple[str, ...]) -> Task:
    """The asset that sums up the stages."""
    items = (environment_is_provisioned_by_code,)
    return Task(
        name="environment",
        environment=environment.name,
        description="The environment as its stages built it: networking and IAM, datastores, compute, endpoints.",
        upstream=stages,
        inputs=inputs(engagement, items, own=list(stages), template=list(stages)),
        items=items,
        state=_state,
    )
