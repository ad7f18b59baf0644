"""Launch readiness: the written go/no-go, across every environment up to production."""

from collections import Counter
from collections.abc import Mapping

from provisioning_assets.core.items import decide
from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.content import content_of
from provisioning_assets.engagement.models import Engagement, Environment, Launch
from provisioning_assets.runs.asset_run import AssetRun, now
from provisioning_assets.runs.standings import gather
from provisioning_assets.runs.task import Task, inputs, planned_item

_ABOUT = "The go/no-go: every readiness item of every environment, from the recorded evidence."

PLANNED = (
    planned_item(
        "renewal_is_rehearsed",
        "The unattended renewal job has renewed every certificate in an environment before production. Not built yet.",
        review_item=3,
    ),
    planned_item(
        "rollback_is_rehearsed",
        "The rollback plan was rehearsed before production, and signed off by the launch commander. Not built yet.",
        review_item=7,
    ),
    planned_item(
        "on_call_is_confirmed",
        "Each named contact of the on-call rotation has confirmed the launch window. Not built yet.",
        review_item=8,
    ),
)


def _state(run: AssetRun) -> Mapping[str, Json]:
    """The decision, the number of items in each state, and the items that hold the launch; first the exception."""
    gathered = gather(run.session.graph, now())
    decided = decide(gathered.standings, [each.name for each in run.engagement.environments])
    counts = Counter(standing.judgement.state.value for standing in gathered.standings)
    holding = [str(each) for each in decided.against]
    exception = run.engagement.exception
    first: dict[str, Json] = {"exception": exception} if exception else {}
    return {**first, "decision": decided.decision.value, "counts": dict(counts), "holding": holding}


def task(engagement: Engagement, environment: Environment) -> Task:
    """The asset of the decision."""
    launch = content_of(Launch, engagement.launch.model_dump(mode="json"))
    if engagement.single_environment:
        launch["single_environment"] = engagement.single_environment.model_dump(mode="json")
    return Task(
        name="launch_readiness",
        environment=environment.name,
        description=" ".join(filter(None, [_ABOUT, engagement.exception])),
        labels=frozenset({"report"}),
        upstream=("verified_environment",),
        inputs=inputs(engagement, PLANNED, own=launch, template=engagement.name),
        items=PLANNED,
        state=_state,
        gated=False,
    )
