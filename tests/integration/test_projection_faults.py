"""Dagster's view under faults: what hangs, lies, dies or was altered leaves nothing green that the record has not."""

import socket
import time

import dagster as dg
import pytest

from provisioning_assets.core.kinds import Kind
from provisioning_assets.orchestration import files
from provisioning_assets.orchestration import projection as projecting
from provisioning_assets.orchestration.broken import VALID
from provisioning_assets.orchestration.definitions import load_definitions
from provisioning_assets.orchestration.names import drift_job
from provisioning_assets.orchestration.projection import CodeChanged
from provisioning_assets.orchestration.results import results
from provisioning_assets.record.entries import RunStarted
from provisioning_assets.runs.graph import Graph
from tests.support.dagster_view import correct, key, lie, passing, shows
from tests.support.profiles import Profile
from tests.support.proving import holding, session

CONTRACT = "staging/networking: contract_is_kept"


def record_of(graph: Graph, name: str) -> tuple[object, str, bytes, str]:
    """An object of staging's record: its store, key, content and version."""
    opened = session(graph, "staging")
    store, where = opened.backend(Kind.STORE), f"{opened.prefix}/{name}"
    content, version = store.read(where)
    return store, where, content, version


def test_a_server_that_hangs_turns_all_of_it_red_in_time(
    graph, projection, instance, proven, profile: Profile, monkeypatch
):
    monkeypatch.setattr(projecting, "PATIENCE", 3.0)
    address = profile.variables["AWS_ENDPOINT_URL"]
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never answers
        profile.set(AWS_ENDPOINT_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        correct(projection, instance)
        assert time.monotonic() - began < 15
        assert passing(instance, graph) == set()
        began = time.monotonic()
        assert correct(projection, instance) == set()
        assert time.monotonic() - began < 5
    profile.set(AWS_ENDPOINT_URL=address)
    monkeypatch.setattr(projecting, "PATIENCE", 30.0)
    correct(projection, instance)
    assert passing(instance, graph) == proven


@pytest.mark.parametrize("name", ["ledger/pages/0000000002.json", "ledger/head.json", "identity.json"])
def test_what_was_altered_in_the_record_is_seen_at_once(graph, projection, instance, proven, name):
    store, where, content, version = record_of(graph, name)
    other = b"1" if content[-3:-2] == b"0" else b"0"
    assert store.replace(where, content[:-3] + other + content[-2:], version=version)
    correct(projection, instance)
    assert CONTRACT not in passing(instance, graph)


def test_a_forged_pass_of_the_file_stops_nobody(graph, shop, projection, instance, proven):
    file = shop / "engagements" / "demo_shop" / "engagement.yaml"
    file.write_text(file.read_text() + "\nnonsense: 1\n")
    about = dg.AssetCheckKey(dg.AssetKey(["demo_shop", "engagement_file"]), VALID)
    lie(instance, about, record="x", **{"checked at": "y"})
    lie(instance, key("production", "launch_readiness", "decision_is_go"))
    correct(projection, instance)
    assert passing(instance, graph) == set()
    (file,) = results(instance, [about])
    assert file.evaluation is not None
    assert not file.evaluation.passed


def test_one_engagement_that_cannot_be_compared_hides_no_other(shop, projection, instance, monkeypatch):
    class Defect(Exception):
        pass

    def fails(_instance, recorded, _within):
        if recorded.folder.name == "another":
            raise Defect
        yield dg.AssetCheckEvaluation(dg.AssetKey(["demo_shop"]), "check", passed=False)

    monkeypatch.setattr(projecting, "corrections", fails)
    (shop / "engagements" / "another").mkdir()
    looked = []
    with pytest.raises(Defect):
        looked.extend(projection.look(instance))
    assert [each.asset_key for each in looked] == [dg.AssetKey(["demo_shop"])]


def test_a_materialization_of_tomorrow_is_corrected_once(graph, projection, instance, proven, monkeypatch):
    """A clock that was set back after a run: for Dagster, whatever is reported now lies before it."""
    asset, tomorrow = dg.AssetKey(["demo_shop", "staging", "networking"]), time.time() + 86400
    with monkeypatch.context() as ahead:
        ahead.setattr("dagster._core.instance.methods.event_methods.get_current_timestamp", lambda: tomorrow)
        instance.report_runless_asset_event(dg.AssetMaterialization(asset))
    (made,) = instance.get_asset_records([asset])
    assert made.asset_entry.last_materialization_record.timestamp > time.time()
    correct(projection, instance)
    assert correct(projection, instance) == set()
    assert CONTRACT in passing(instance, graph)


def test_what_a_dead_run_was_to_check_is_shown_as_the_record_has_it(graph, shop, projection, instance, proven):
    """Dagster takes a killed run for alive; it holds no lock."""
    job = load_definitions(shop / "engagements").resolve_job_def(drift_job("demo_shop", "staging"))
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    assert shows(instance, graph)[CONTRACT] is None
    correct(projection, instance)
    assert passing(instance, graph) == proven
    assert not instance.get_run_by_id(run.run_id).is_finished


def test_a_run_that_is_at_work_is_not_told_what_it_will_find(graph, shop, projection, instance, proven):
    job = load_definitions(shop / "engagements").resolve_job_def(drift_job("demo_shop", "staging"))
    with holding(graph, "staging") as opened:
        instance.create_run_for_job(job, run_id=opened.run_id, status=dg.DagsterRunStatus.STARTED)
        opened.ledger.append(RunStarted("networking"))
        assert CONTRACT not in correct(projection, instance)
        assert shows(instance, graph)[CONTRACT] is None


def test_other_code_than_was_loaded_ends_the_look(projection, instance, monkeypatch):
    monkeypatch.setattr(files, "own", lambda: "another")
    with pytest.raises(CodeChanged):
        correct(projection, instance)


def test_an_engagement_that_is_gone_proves_nothing(graph, shop, projection, instance, proven):
    (shop / "engagements" / "demo_shop").rename(shop / "demo_shop")
    correct(projection, instance)
    assert passing(instance, graph) == set()
