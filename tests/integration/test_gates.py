"""Gates: production is written only behind recorded proof, in every way that an orchestrator's blocking misses.

The stages are proven by hand here (their own proof takes Terraform minutes): what is tried is the gate.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
import requests
from provisioning_assets.runs.work import Work, now

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.core.evidence import Evidence, Finding
from provisioning_assets.core.plan import Attributes
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.orchestration.loading import apply_job, drift_job, load_definitions
from provisioning_assets.record.entries import ApplyFinished, ApplyStarted
from provisioning_assets.runs.graph import Lineage
from tests.support.proving import BEFORE_CONFIG, holding, prove, reasons, session
from tests.support.servers import free_port, wait_for


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as made:
        yield made


def live_config(lineage: Lineage, environment: str) -> Mapping[str, Attributes]:
    opened = session(lineage, environment)
    return opened.config_store.read(opened.environment.runtime_config.prefix)


def materialize(
    shop: Path, instance: dg.DagsterInstance, environment: str, *assets: str, checks: bool = True
) -> dg.ExecuteInProcessResult:
    """Run assets by Dagster, with or without their checks."""
    job = load_definitions(shop / "engagements").resolve_job_def(apply_job("demo_shop", environment))
    keys = {dg.AssetKey(["demo_shop", environment, asset]) for asset in assets}
    known = {key for key in job.asset_layer.asset_graph.asset_check_keys if key.asset_key in keys} if checks else set()
    subset = job.get_subset(asset_selection=keys, asset_check_selection=known)
    return subset.execute_in_process(instance=instance, raise_on_error=False)


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    return str(event.step_failure_data.user_failure_data.description)


def test_a_downstream_asset_alone_is_refused_with_every_item(lineage, shop, instance):
    result = materialize(shop, instance, "production", "runtime_config")
    assert not result.success
    told = failure_of(result)
    assert "nothing was written" in told
    for asset in BEFORE_CONFIG:
        assert f"production/{asset}: " in told
    assert "staging/runtime_config: runtime_config_equals_reviewed is not_run: never checked" in told
    assert live_config(lineage, "production") == {}


def test_proof_in_both_environments_opens_it_and_a_second_instance_sees_it(lineage, shop, instance, tmp_path):
    prove(lineage, "staging", *BEFORE_CONFIG)
    assert materialize(shop, instance, "staging", "runtime_config").success
    prove(lineage, "production", *BEFORE_CONFIG)
    (tmp_path / "another").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "another")) as another:
        assert materialize(shop, another, "production", "runtime_config").success
    assert len(live_config(lineage, "production")) == 9


def test_deselected_checks_prove_nothing(lineage, shop, instance):
    prove(lineage, "staging", *BEFORE_CONFIG)
    prove(lineage, "production", *BEFORE_CONFIG)
    assert materialize(shop, instance, "staging", "runtime_config", checks=False).success
    result = materialize(shop, instance, "production", "runtime_config")
    assert "staging/runtime_config: runtime_config_equals_reviewed is not_run" in failure_of(result)


def test_a_crash_between_apply_and_checks_voids_what_was_seen_before(lineage):
    prove(lineage, "staging", *BEFORE_CONFIG, "runtime_config")
    prove(lineage, "production", *BEFORE_CONFIG)
    assert reasons(lineage, "production", "runtime_config") == []
    with holding(lineage, "staging") as opened:
        opened.ledger.append(ApplyStarted("runtime_config", 1, "sha256:p", "1 to update"))
    assert all("never finished" in reason for reason in reasons(lineage, "production", "runtime_config"))
    with holding(lineage, "staging") as opened:
        opened.ledger.append(ApplyFinished("runtime_config", 1))
    told = reasons(lineage, "production", "runtime_config")
    assert len(told) == 2
    assert all("the last apply is epoch 1" in reason for reason in told)


def test_red_upstream_in_production_closes_it(lineage):
    prove(lineage, "staging", *BEFORE_CONFIG, "runtime_config")
    prove(lineage, "production", *BEFORE_CONFIG)
    prove(lineage, "production", "dns_records", ready=False)
    told = reasons(lineage, "production", "runtime_config")
    assert [reason.split(": ")[0] for reason in told] == ["production/dns_records"] * 3
    assert "broken by the test" in told[0]


def test_another_input_closes_it_and_names_the_first_leaf(lineage, shop):
    prove(lineage, "staging", *BEFORE_CONFIG, "runtime_config")
    opened = session(lineage, "staging")
    for node in lineage.of("staging"):
        Work(opened, node).remember_inputs()
    file = shop / "engagements" / "demo_shop" / "config" / "common.yaml"
    file.write_text(file.read_text().replace("basket_items: 50", "basket_items: 60"))
    changed = assemble(load_engagement(shop / "engagements" / "demo_shop"))[0]
    told = [reason for reason in reasons(changed, "production", "runtime_config") if reason.startswith("staging/")]
    assert told
    assert all("basket_items differs" in reason for reason in told)


@pytest.mark.parametrize("checks_alone", [False, True])
def test_a_foreign_error_reaches_dagster_without_its_words(shop, instance, monkeypatch, *, checks_alone):
    """Whatever a vendor's library raises, wherever: its text may hold a secret."""

    def reach(_session, _needs):
        try:
            {}["the token is hunter-4711"]
        except KeyError as error:
            raise ValueError("the password is hunter-4711") from error

    monkeypatch.setattr("provisioning_assets.runs.session.Session.reach", reach)
    job = load_definitions(shop / "engagements").resolve_job_def(
        drift_job("demo_shop", "staging") if checks_alone else apply_job("demo_shop", "staging")
    )
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    logged = [str(entry) for entry in instance.all_logs(result.run_id)]
    assert any("internal error ValueError" in entry for entry in logged)
    assert not any("hunter" in entry for entry in logged)


def test_another_world_closes_it(lineage, monkeypatch):
    prove(lineage, "staging", *BEFORE_CONFIG, "runtime_config")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setattr("provisioning_assets.backends.aws.account", lambda _region: "999999999999")
    told = reasons(lineage, "production", "runtime_config")
    assert any("staging/runtime_config" in reason and "another world" in reason for reason in told)


def test_a_check_that_somebody_posts_to_the_web_server_opens_nothing(lineage, shop, tmp_path):
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
            json={"check_name": "runtime_config_equals_reviewed", "passed": True, "severity": "ERROR"},
            timeout=30,
        )
    finally:
        server.terminate()
        server.wait(20)
    assert answer.ok, answer.text
    prove(lineage, "production", *BEFORE_CONFIG)
    told = reasons(lineage, "production", "runtime_config")
    assert "staging/runtime_config: runtime_config_equals_reviewed is not_run: never checked" in told


def test_a_ledger_entry_that_says_green_for_an_unknown_world_is_red(lineage):
    with holding(lineage, "staging") as opened:
        work = Work(opened, lineage.node("staging", "networking"))
        about = replace(work.about(), world="unknown")
        (item, *_) = work.node.items
        opened.ledger.append(Evidence(item.name, 1, about, Finding.red("could not check"), now(), 0.0, opened.run))
    assert any("is red: could not check" in reason for reason in reasons(lineage, "staging", "datastores"))
