"""What follows from where items stand: review items, the decision, gates; and when it is new to Dagster."""

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.core.evidence import State
from provisioning_assets.core.items import Decision, Standing, decide
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.orchestration.conclusions import DECISION, LAUNCH, conclusions, gate, review
from provisioning_assets.orchestration.shown import Shown
from provisioning_assets.runs.graph import Graph
from tests.support.repository import EXAMPLE
from tests.support.standings import all_green, standing

ENVIRONMENTS = ["staging", "production"]
STANDINGS = st.lists(
    st.builds(
        lambda number, state, where: standing(number, state, environment=where),
        st.integers(1, 8),
        st.sampled_from(State),
        st.sampled_from(ENVIRONMENTS),
    )
)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return assemble(load_engagement(EXAMPLE))


def reviewed(graph: Graph, standings: list[Standing]) -> dict[str, Shown]:
    task = graph.task("production", LAUNCH)
    return {each.key.name: each for each in review(graph, task, standings)}


def test_the_launch_shows_the_eight_review_items_and_the_decision(graph):
    assert tuple(reviewed(graph, [])) == conclusions(graph.task("production", LAUNCH))
    assert len(conclusions(graph.task("production", LAUNCH))) == 9


def test_all_green_passes_each(graph):
    assert all(each.passed for each in reviewed(graph, all_green()).values())


@settings(deadline=None)
@given(STANDINGS)
def test_none_passes_unless_all_of_it_is_green(graph, standings):
    found = reviewed(graph, standings)
    decided = found.pop(DECISION)
    assert decided.passed == (decide(standings, ENVIRONMENTS).decision is Decision.GO)
    for number, each in enumerate(found.values(), 1):
        mine = {s.judgement.state for s in standings if s.item.review_item == number}
        assert each.passed == (mine == {State.GREEN})
        assert (each.severity is dg.AssetCheckSeverity.WARN) == (each.state is State.WAIVED)


def test_a_gate_is_red_with_every_reason(graph):
    task = graph.task("production", "networking")
    closed = gate(graph, task, ["staging/dns_records: it is red", "staging/secrets: it is stale"])
    assert closed.state is State.RED
    assert gate(graph, task, []).passed


def test_age_alone_is_nothing_new_and_anything_else_is(graph):
    task = graph.task("production", "networking")
    day, older = (gate(graph, task, [f"checked {hours} h ago"]) for hours in (25, 26))
    assert day.mark == older.mark
    assert older.equals(day.evaluation(None))
    assert not gate(graph, task, ["never checked"]).equals(day.evaluation(None))
    assert not gate(graph, task, []).equals(day.evaluation(None))
