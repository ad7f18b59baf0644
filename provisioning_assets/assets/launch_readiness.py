"""Launch readiness: the written go/no-go over every environment on the way to production."""

from collections.abc import Mapping

from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.models import Engagement
from provisioning_assets.runs.readiness import planned_item, standings
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.task import AWS, SECRET_STORE, Task, inputs
from provisioning_assets.runs.work import Work

PLANNED = (
    planned_item(
        "renewal_is_rehearsed",
        "Every certificate was renewed once in staging by the unattended job. The rehearsal is not built yet.",
        review_item=3,
    ),
    planned_item(
        "rollback_is_rehearsed",
        "The rollback plan was rehearsed in staging and signed by the launch commander. Not built yet.",
        review_item=7,
    ),
    planned_item(
        "on_call_is_confirmed",
        "Each named contact of the on-call rotation confirmed the launch window. Not built yet.",
        review_item=8,
    ),
)


def _state(work: Work) -> Mapping[str, Json]:
    """The counts of every state over all environments, and the items that say no."""
    session: Session | None = work.session
    found = []
    while session is not None:
        found.extend(standings(session))
        session = session.before
    counts: dict[str, int] = {}
    for standing in found:
        counts[standing.judgement.state.value] = counts.get(standing.judgement.state.value, 0) + 1
    not_open = [str(standing) for standing in found if not standing.judgement.opens]
    return {"decision": "NO-GO" if not_open else "GO", "counts": counts, "holding": not_open}


def task(engagement: Engagement) -> Task:
    """The asset of the decision."""
    return Task(
        name="launch_readiness",
        description="The go/no-go: every readiness item of every environment, from the recorded evidence.",
        kinds=frozenset({"report"}),
        needs=frozenset({AWS, SECRET_STORE}),
        upstream=("verified_environment",),
        inputs=inputs(engagement, PLANNED, own=engagement.launch.model_dump(mode="json"), template=engagement.name),
        items=PLANNED,
        state=_state,
        gated=False,
    )
