"""What a call of `check` is about: environments and items, in any order, and what is not built."""

from pathlib import Path

import pytest

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.cli.choosing import Chosen, choose
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.runs.graph import Graph

SEEN, NOT_BUILT = "dns_has_propagated", "renewal_is_rehearsed"


@pytest.fixture
def graph(folder: Path) -> Graph:
    return assemble(load_engagement(folder))


def told(chosen: list[Chosen]) -> dict[str, tuple[set[str] | None, set[str]]]:
    """Environment to what is checked there, and what is not built."""
    return {
        each.environment: (
            None if each.items is None else {f"{asset}/{item}" for asset, item in each.items},
            {standing.item.name for standing in each.planned},
        )
        for each in chosen
    }


def test_without_names_all_is_checked_and_what_is_not_built_is_known(graph: Graph) -> None:
    found = told(choose(graph, []))
    assert [(name, items) for name, (items, _) in found.items()] == [("staging", None), ("production", None)]
    assert NOT_BUILT in found["production"][1]


@pytest.mark.parametrize("names", [["staging", SEEN], [SEEN, "staging"], [f"staging/dns_records/{SEEN}"], [
    "staging", "staging", SEEN, f"dns_records/{SEEN}",
]])  # fmt: skip
def test_environment_and_item_come_in_any_order(graph: Graph, names: list[str]) -> None:
    assert told(choose(graph, names)) == {"staging": ({f"dns_records/{SEEN}"}, set())}


def test_environments_keep_the_order_of_promotion(graph: Graph) -> None:
    assert list(told(choose(graph, ["production", "staging"]))) == ["staging", "production"]


def test_an_item_of_one_asset_leaves_that_of_the_others_alone(graph: Graph) -> None:
    found = told(choose(graph, ["staging", "secrets/last_run_succeeded"]))
    assert found == {"staging": ({"secrets/last_run_succeeded"}, set())}


def test_an_item_that_is_not_built_is_known_and_nothing_runs_for_it(graph: Graph) -> None:
    (chosen,) = choose(graph, [NOT_BUILT])
    assert (chosen.environment, chosen.runs) == ("production", False)
    assert [standing.item.name for standing in chosen.planned] == [NOT_BUILT]


@pytest.mark.parametrize(("names", "words"), [
    (["Staging"], ["the environment `staging`"]),
    (["prod", SEEN], ["the environment `production`"]),
    (["dns_propagated"], [f"the item `{SEEN}`"]),
    (["dns_records"], ["asset", SEEN]),
    (["staging", NOT_BUILT], ["production/launch_readiness"]),
    (["Staging", "dns_propagated"], ["the environment `staging`", f"the item `{SEEN}`"]),
    (["museum"], ["staging", "production", SEEN, NOT_BUILT]),
])  # fmt: skip
def test_a_wrong_name_is_told_with_what_may_be_meant(graph: Graph, names: list[str], words: list[str]) -> None:
    with pytest.raises(ProvisioningError) as caught:
        choose(graph, names)
    assert all(word in caught.value.remedy for word in words), caught.value.remedy
