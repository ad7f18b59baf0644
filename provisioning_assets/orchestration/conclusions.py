"""Checks that state what follows from the items: whether a gate is open, how each review item stands, GO or NO-GO.

Nobody has to run them: they are judged from the record alone, like a report.
"""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from provisioning_assets.core.evidence import State
from provisioning_assets.core.items import REVIEW_ITEMS, Decision, Standing, decide, worst
from provisioning_assets.core.plan import Json
from provisioning_assets.orchestration.names import asset_key
from provisioning_assets.orchestration.shown import REASONS, Shown
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.task import Task

LAUNCH = "launch_readiness"
"""The asset that ends an engagement: its checks are the review."""

GATE, DECISION = "gate_is_open", "decision_is_go"
_REVIEW = (
    "review_1_environments",
    "review_2_dns",
    "review_3_certificates",
    "review_4_secrets",
    "review_5_monitoring",
    "review_6_alert_routing",
    "review_7_rollback_plan",
    "review_8_on_call",
)
_ABOUT = {
    GATE: "What this asset stands on is proven, here and in the environment before. Red names each item that keeps its"
    " gate closed: a run of this asset ends there.",
    DECISION: "Nothing speaks against the launch. Red names what does, the first ten.",
    **dict(zip(_REVIEW, REVIEW_ITEMS, strict=True)),
}
CONCLUSIONS = frozenset(_ABOUT)
"""Names of all of them."""

_NAMED = 10


def conclusions(task: Task) -> tuple[str, ...]:
    """Names of the checks that say what follows for an asset."""
    if task.name == LAUNCH:
        return (*_REVIEW, DECISION)
    return (GATE,) if task.target is not None or task.gated else ()


def check_keys(graph: Graph, task: Task) -> list[dg.AssetCheckKey]:
    """Every check of an asset: its items, and what follows from them."""
    names = [*(item.name for item in task.rules), *conclusions(task)]
    return [dg.AssetCheckKey(asset_key(graph, task), name) for name in names]


def described(name: str) -> str:
    """What a conclusion says, for people."""
    return _ABOUT[name]


def gate(graph: Graph, task: Task, reasons: Sequence[str]) -> Shown:
    """Whether an asset may be carried out."""
    proven = "what it stands on is proven"
    return _concluded(graph, task, GATE, State.RED if reasons else State.GREEN, reasons or [proven])


def review(graph: Graph, task: Task, standings: Sequence[Standing]) -> Iterator[Shown]:
    """The eight review items, each as bad as the worst of what belongs to it, and the decision."""
    for number, name in enumerate(_REVIEW, 1):
        mine = [each for each in standings if each.item.review_item == number]
        state = worst(each.judgement.state for each in mine)
        against = [str(each) for each in mine if each.judgement.state is not State.GREEN]
        fine = [f"all {len(mine)} items of it are green" if mine else "no check exists"]
        yield _concluded(graph, task, name, state, against or fine)
    decided = decide(standings, [each.name for each in graph.engagement.environments])
    against = [str(each) for each in decided.against]
    state = State.GREEN if decided.decision is Decision.GO else State.RED
    yield _concluded(graph, task, DECISION, state, [decided.decision.value, *against])


def _concluded(graph: Graph, task: Task, name: str, state: State, reasons: Sequence[str]) -> Shown:
    told = "; ".join(reasons[:_NAMED])
    more = f"; and {len(reasons) - _NAMED} more" if len(reasons) > _NAMED else ""
    about: Mapping[str, Json] = {REASONS: list(reasons)}
    return Shown(dg.AssetCheckKey(asset_key(graph, task), name), state, told + more, about)
