"""How a run ended is evidence of an item of its own, and of no other."""

from pathlib import Path

import dagster as dg
import pytest

from provisioning_assets.core.evidence import Evidence, Verdict
from provisioning_assets.orchestration.definitions import load_definitions
from provisioning_assets.orchestration.names import apply_job
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.opening import open_session
from provisioning_assets.runs.standings import standings
from tests.support.profiles import Profile
from tests.support.proving import BEFORE_CONFIG, WHOLE, named, prove, reasons

ENDED, CLAIM = "last_run_succeeded", "runtime_config_equals_reviewed"


@pytest.fixture
def proven(graph: Graph) -> Graph:
    """Staging, proven by hand up to its configuration, and production before it."""
    prove(graph, "staging", *WHOLE)
    prove(graph, "production", *BEFORE_CONFIG)
    return graph


def apply_config(shop: Path) -> dg.ExecuteInProcessResult:
    """Apply staging's configuration with its checks, as every run does."""
    key = dg.AssetKey(["demo_shop", "staging", "runtime_config"])
    job = load_definitions(shop / "engagements").resolve_job_def(apply_job("demo_shop", "staging"))
    checks = {each for each in job.asset_layer.asset_graph.asset_check_keys if each.asset_key == key}
    with dg.DagsterInstance.ephemeral() as instance:
        subset = job.get_subset(asset_selection={key}, asset_check_selection=checks)
        return subset.execute_in_process(instance=instance, raise_on_error=False)


def evidence_of(graph: Graph, run: str) -> list[Evidence]:
    pages = open_session(graph, "staging", run="r").ledger.pages
    return [entry for page in pages if page.run == run for entry in page.entries if isinstance(entry, Evidence)]


def states(graph: Graph) -> dict[str, str]:
    found = standings(open_session(graph, "staging", run="r"))
    return {each.item.name: each.judgement.state.value for each in found if each.asset == "runtime_config"}


def all_green(graph: Graph) -> dict[str, str]:
    return {item.name: "green" for item in graph.task("staging", "runtime_config").rules}


def test_a_failure_is_evidence_of_how_the_run_ended_alone(proven: Graph, shop: Path, profile: Profile) -> None:
    profile.set(AWS_ENDPOINT_URL_SSM="http://127.0.0.1:9")
    failed = apply_config(shop)
    assert not failed.success
    (left,) = evidence_of(proven, failed.run_id)
    assert (left.item, left.finding.verdict) == (ENDED, Verdict.COULD_NOT_TELL)
    assert states(proven) == {**all_green(proven), ENDED: "red"}


def test_a_failure_closes_the_gate_until_a_run_succeeds_again(proven: Graph, shop: Path, profile: Profile) -> None:
    assert reasons(proven, "production", "runtime_config") == []
    before = profile.variables
    profile.set(AWS_ENDPOINT_URL_SSM="http://127.0.0.1:9")
    assert not apply_config(shop).success
    assert named(reasons(proven, "production", "runtime_config")) == [
        f"staging/runtime_config: {ENDED} is red",
        "staging/verified_environment: environment_is_verified is stale",
    ]

    profile.set(AWS_ENDPOINT_URL_SSM=before["AWS_ENDPOINT_URL"])
    assert apply_config(shop).success
    assert states(proven) == all_green(proven)
    assert reasons(proven, "production", "runtime_config") == []


def test_a_refusal_is_no_failure(graph: Graph, shop: Path) -> None:
    """Nothing was tried: how the run before it ended stands. What was refused is evidence of what differs."""
    prove(graph, "staging", "runtime_config")
    refused = apply_config(shop)
    assert not refused.success
    assert [(each.item, each.finding.verdict) for each in evidence_of(graph, refused.run_id)] == [(CLAIM, Verdict.RED)]
    assert states(graph) == {**all_green(graph), CLAIM: "red"}
