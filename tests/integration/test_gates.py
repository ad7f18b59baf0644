"""Gates: production is written only behind recorded proof, in every way that an orchestrator's blocking misses.

The stages are proven by hand here (their own proof takes Terraform minutes): what is tried is the gate.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
import requests

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.backends.access import Access
from provisioning_assets.core.evidence import Evidence, Finding
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Attributes
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.orchestration.definitions import load_definitions
from provisioning_assets.orchestration.names import apply_job, drift_job
from provisioning_assets.orchestration.projection import Projection
from provisioning_assets.record.entries import ApplyFinished, ApplyStarted
from provisioning_assets.runs.asset_run import AssetRun, now
from provisioning_assets.runs.graph import Graph
from tests.support.dagster_view import correct, passing
from tests.support.profiles import Profile, keys_of
from tests.support.proving import BEFORE_CONFIG, WHOLE, holding, named, prove, reasons, session
from tests.support.servers import free_port, wait_for

ITEM = "runtime_config_equals_reviewed"


def live_config(graph: Graph, environment: str) -> Mapping[str, Attributes]:
    opened = session(graph, environment)
    return opened.backend(Kind.CONFIG).read(opened.environment.runtime_config.prefix)


def materialize(
    shop: Path, instance: dg.DagsterInstance, environment: str, *assets: str, checks: bool = True
) -> dg.ExecuteInProcessResult:
    """Run assets by Dagster, with or without their checks."""
    job = load_definitions(shop / "engagements").resolve_job_def(apply_job("demo_shop", environment))
    keys = {dg.AssetKey(["demo_shop", environment, asset]) for asset in assets}
    known = {key for key in job.asset_layer.asset_graph.asset_check_keys if key.asset_key in keys} if checks else set()
    subset = job.get_subset(asset_selection=keys, asset_check_selection=known)
    return subset.execute_in_process(instance=instance, raise_on_error=False)


def refused(result: dg.ExecuteInProcessResult) -> str:
    """Why a run was refused; it fails when that is not how it ended."""
    (event,) = [event for event in result.all_events if event.is_step_failure]
    failure = event.step_failure_data.user_failure_data
    assert failure.metadata["exit code"].value == 2
    return str(failure.metadata["cause"].value)


def test_a_downstream_asset_alone_is_refused_with_every_item(graph, shop, instance):
    told = refused(materialize(shop, instance, "production", "runtime_config"))
    for asset in BEFORE_CONFIG:
        assert f"production/{asset}: " in told
    assert f"staging/runtime_config: {ITEM} is not_run" in told
    assert live_config(graph, "production") == {}


def test_proof_in_both_environments_opens_it_and_a_second_instance_sees_it(graph, shop, instance, tmp_path):
    prove(graph, "staging", *BEFORE_CONFIG)
    assert materialize(shop, instance, "staging", "runtime_config").success
    prove(graph, "staging", "monitoring", "verified_environment")
    prove(graph, "production", *BEFORE_CONFIG)
    (tmp_path / "another").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "another")) as another:
        assert materialize(shop, another, "production", "runtime_config").success
    assert len(live_config(graph, "production")) == 9


def test_behind_a_closed_gate_even_nothing_to_do_leaves_nothing_new(graph, shop, instance):
    """What is live equals what is declared; what it stands on is not proven any more."""
    prove(graph, "staging", *BEFORE_CONFIG)
    assert materialize(shop, instance, "staging", "runtime_config").success
    asset = dg.AssetKey(["demo_shop", "staging", "runtime_config"])
    made = instance.get_latest_materialization_event(asset)
    content = graph.digests(graph.task("staging", "runtime_config")).content
    tags = made.asset_materialization.tags
    assert (tags["dagster/code_version"], tags["dagster/data_version"]) == (content, content)

    prove(graph, "staging", "certificates", ready=False)
    again = materialize(shop, instance, "staging", "runtime_config")
    assert "staging/certificates: " in refused(again)
    assert again.get_asset_check_evaluations() == []
    assert instance.get_latest_materialization_event(asset).timestamp == made.timestamp
    correct(Projection(shop / "engagements"), instance)
    assert "staging/runtime_config: gate_is_open" not in passing(instance, graph)


def test_deselected_checks_prove_nothing(graph, shop, instance):
    prove(graph, "staging", *BEFORE_CONFIG)
    prove(graph, "production", *BEFORE_CONFIG)
    assert materialize(shop, instance, "staging", "runtime_config", checks=False).success
    told = refused(materialize(shop, instance, "production", "runtime_config"))
    assert f"staging/runtime_config: {ITEM} is not_run" in told


def test_a_crash_between_apply_and_checks_voids_what_was_seen_before(graph):
    prove(graph, "staging", *WHOLE)
    prove(graph, "production", *BEFORE_CONFIG)
    assert reasons(graph, "production", "runtime_config") == []
    voided = [
        f"staging/{asset}: {item.name} is stale"
        for asset in ("runtime_config", "verified_environment")
        for item in graph.task("staging", asset).rules
        if asset == "runtime_config" or item.derived
    ]
    with holding(graph, "staging") as opened:
        opened.ledger.append(ApplyStarted("runtime_config", 1, "sha256:p", "1 to update"))
    assert named(reasons(graph, "production", "runtime_config")) == voided
    with holding(graph, "staging") as opened:
        opened.ledger.append(ApplyFinished("runtime_config", 1))
    assert named(reasons(graph, "production", "runtime_config")) == voided


def test_red_upstream_in_production_closes_it(graph):
    prove(graph, "staging", *WHOLE)
    prove(graph, "production", *BEFORE_CONFIG)
    prove(graph, "production", "dns_records", ready=False)
    told = named(reasons(graph, "production", "runtime_config"))
    assert told == [
        f"production/dns_records: {item.name} is red" for item in graph.task("production", "dns_records").rules
    ]


def test_red_anywhere_in_staging_keeps_the_whole_of_production_closed(graph):
    prove(graph, "staging", *WHOLE)
    assert reasons(graph, "production", "networking") == []
    prove(graph, "staging", "monitoring", ready=False)
    of_monitoring = [f"staging/monitoring: {item.name} is red" for item in graph.task("staging", "monitoring").rules]
    told = named(reasons(graph, "production", "networking"))
    assert told == [*of_monitoring, "staging/verified_environment: environment_is_verified is stale"]


def test_another_input_closes_it_and_names_the_first_leaf(graph, shop):
    prove(graph, "staging", *WHOLE)
    opened = session(graph, "staging")
    for task in graph.of("staging"):
        AssetRun(opened, task).remember_inputs()
    file = shop / "engagements" / "demo_shop" / "config" / "common.yaml"
    file.write_text(file.read_text().replace("basket_items: 50", "basket_items: 60"))
    changed = assemble(load_engagement(shop / "engagements" / "demo_shop"))
    told = [reason for reason in reasons(changed, "production", "runtime_config") if reason.startswith("staging/")]
    assert told
    assert all("basket_items" in reason for reason in told)


@pytest.mark.parametrize("checks_alone", [False, True])
def test_a_foreign_error_reaches_dagster_without_its_words(shop, instance, monkeypatch, *, checks_alone):
    """Whatever a vendor's library raises, wherever: its text may hold a secret."""

    def reach(_session, _tasks):
        try:
            {}["the token is hunter-4711"]
        except KeyError as error:
            raise ValueError("the password is hunter-4711") from error

    monkeypatch.setattr("provisioning_assets.runs.opening.reach", reach)
    job = load_definitions(shop / "engagements").resolve_job_def(
        drift_job("demo_shop", "staging") if checks_alone else apply_job("demo_shop", "staging")
    )
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    logged = [str(entry) for entry in instance.all_logs(result.run_id)]
    assert any("ValueError" in entry for entry in logged)
    assert not any("hunter" in entry for entry in logged)


def test_proof_of_another_account_closes_it(graph: Graph, cloud: Access, profile: Profile) -> None:
    """The same names and the same bucket, reached with the keys of somebody else."""
    prove(graph, "staging", *WHOLE)
    assert not [told for told in reasons(graph, "production", "runtime_config") if told.startswith("staging/")]
    profile.set(**keys_of("999999999999", cloud))
    told = named(reasons(graph, "production", "runtime_config"))
    assert f"staging/runtime_config: {ITEM} is stale" in told


def test_a_check_that_somebody_posts_to_the_web_server_opens_nothing(graph, shop, tmp_path):
    """Dagster's endpoint takes a passed check from anybody who reaches it; the gate does not ask Dagster."""
    home, port = tmp_path / "home", free_port()
    home.mkdir()
    command = [
        str(Path(sys.executable).with_name("dagster-webserver")), "-h", "127.0.0.1", "-p", str(port),
        "-f", str(shop / "definitions.py"), "-d", str(shop),
    ]  # fmt: skip
    environment = {**os.environ, "DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "1"}
    server = subprocess.Popen(command, cwd=shop, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        answer = requests.post(
            f"http://127.0.0.1:{port}/report_asset_check/demo_shop/staging/runtime_config",
            json={"check_name": ITEM, "passed": True, "severity": "ERROR"},
            timeout=30,
        )
    finally:
        server.terminate()
        server.wait(20)
    assert answer.ok, answer.text
    prove(graph, "production", *BEFORE_CONFIG)
    assert f"staging/runtime_config: {ITEM} is not_run" in named(reasons(graph, "production", "runtime_config"))


@pytest.mark.parametrize("finding", [Finding.could_not_tell("nobody could ask"), Finding.green("it looked fine")])
def test_an_entry_for_an_unknown_identity_is_red_whatever_it_says(graph: Graph, finding: Finding) -> None:
    prove(graph, "staging", "networking")
    assert reasons(graph, "staging", "datastores") == []
    with holding(graph, "staging") as opened:
        run = AssetRun(opened, graph.task("staging", "networking"))
        (item, *_) = run.task.rules
        about = replace(run.about(), identity=None)
        opened.ledger.append(Evidence(item.name, item.version, about, finding, now(), 0.0, opened.run_id))
    assert named(reasons(graph, "staging", "datastores")) == [f"staging/networking: {item.name} is red"]
