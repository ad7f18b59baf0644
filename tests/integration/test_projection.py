"""Dagster's view equals the record: what is stale, forged, gone or recovered is shown so at the next look."""

import time
from datetime import timedelta
from pathlib import Path

import dagster as dg

from provisioning_assets.core.evidence import Evidence, Finding
from provisioning_assets.core.kinds import Kind
from provisioning_assets.orchestration.broken import VALID
from provisioning_assets.orchestration.definitions import load_definitions
from provisioning_assets.orchestration.names import apply_job, drift_job, hourly_schedule
from provisioning_assets.orchestration.results import results
from provisioning_assets.orchestration.sensors import build_sensor
from provisioning_assets.runs.asset_run import AssetRun, now
from tests.support.dagster_view import correct, key, lie, passing, shows
from tests.support.profiles import Profile, keys_of
from tests.support.proving import holding, prove, session

DNS = {
    "staging/dns_records: dns_has_not_drifted",
    "staging/dns_records: dns_is_served_as_declared",
    "staging/dns_records: dns_has_propagated",
    "staging/dns_records: last_run_succeeded",
}
STAGING = "staging/networking: contract_is_kept"


def edit(shop: Path, old: str, new: str) -> None:
    file = shop / "engagements" / "demo_shop" / "engagement.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_nothing_is_green_before_anything_was_seen(graph, projection, instance):
    correct(projection, instance)
    gates_of_nothing = {"staging/networking: gate_is_open", "staging/secrets: gate_is_open"}
    assert passing(instance, graph) <= gates_of_nothing
    assert None not in shows(instance, graph).values()


def test_what_is_proven_is_shown_and_a_second_look_changes_nothing(graph, projection, instance, proven):
    wanted = {f"staging/{t.name}: {i.name}" for t in graph.of("staging") for i in t.rules}
    assert wanted <= proven
    assert "staging/verified_environment: gate_is_open" in proven
    assert correct(projection, instance) == set()


def test_an_edit_turns_what_it_changes_red_and_its_revert_green(graph, shop, projection, instance, proven):
    edit(shop, "ttl: 300", "ttl: 301")
    correct(projection, instance)
    lost = proven - passing(instance, graph)
    assert lost >= DNS
    assert STAGING not in lost
    edit(shop, "ttl: 301", "ttl: 300")
    correct(projection, instance)
    assert passing(instance, graph) == proven


def test_a_forged_pass_is_replaced_and_named(graph, projection, instance, proven):
    decision = key("production", "launch_readiness", "decision_is_go")
    lie(instance, decision)
    lie(instance, key("production", "networking", "contract_is_kept"), record="green", **{"checked at": "now"})
    told = correct(projection, instance)
    assert told == {"production/launch_readiness: decision_is_go", "production/networking: contract_is_kept"}
    found = shows(instance, graph)
    assert passing(instance, graph) == proven
    assert all("forged" in found[name].description for name in told)


def test_a_forged_failure_is_replaced_by_what_was_seen(graph, projection, instance, proven):
    lie(instance, key("staging", "networking", "contract_is_kept"), passed=False)
    assert correct(projection, instance) == {STAGING}
    assert passing(instance, graph) == proven


def test_a_copied_result_says_nothing_that_the_record_does_not(graph, projection, instance, proven):
    """Word for word the pass that was true: it lasts until the record says something else."""
    found = shows(instance, graph)[STAGING]
    prove(graph, "staging", "networking", ready=False)
    correct(projection, instance)
    instance.report_runless_asset_event(found)
    assert STAGING in correct(projection, instance)
    assert STAGING not in passing(instance, graph)


def test_a_reported_materialization_speaks_against_the_runs(graph, projection, instance, proven):
    instance.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey(["demo_shop", "staging", "networking"])))
    correct(projection, instance)
    assert proven - passing(instance, graph) == {"staging/networking: last_run_succeeded"}
    assert correct(projection, instance) == set()


def test_a_wiped_asset_is_shown_again(graph, projection, instance, proven):
    instance.wipe_assets([dg.AssetKey(["demo_shop", "staging", "networking"])])
    correct(projection, instance)
    assert passing(instance, graph) == proven


def test_what_grows_too_old_is_red_at_the_next_look(graph, projection, instance, proven):
    with holding(graph, "staging") as opened:
        run = AssetRun(opened, graph.task("staging", "networking"))
        item = next(each for each in run.task.rules if each.name == "contract_is_kept")
        seen = now() - item.max_age + timedelta(seconds=3)
        opened.ledger.append(Evidence(item.name, item.version, run.about(), Finding.green("seen"), seen, 0.0, "run"))
    correct(projection, instance)
    assert STAGING in passing(instance, graph)
    time.sleep(3)
    correct(projection, instance)
    assert STAGING not in passing(instance, graph)


def test_another_account_under_the_same_names_is_red(graph, projection, instance, proven, profile: Profile, cloud):
    profile.set(**keys_of("999999999999", cloud))
    correct(projection, instance)
    assert STAGING not in passing(instance, graph)


def test_a_record_out_of_reach_is_red_until_it_is_read_again(graph, projection, instance, proven, profile: Profile):
    address = profile.variables["AWS_ENDPOINT_URL"]
    profile.set(AWS_ENDPOINT_URL="http://127.0.0.1:9")
    correct(projection, instance)
    assert passing(instance, graph) == set()
    assert not any("forged" in found.description for found in shows(instance, graph).values())
    profile.set(AWS_ENDPOINT_URL=address)
    correct(projection, instance)
    assert passing(instance, graph) == proven


def test_a_record_that_lost_its_last_page_is_red(graph, projection, instance, proven):
    opened = session(graph, "staging")
    store, last = opened.backend(Kind.STORE), f"{opened.prefix}/ledger/pages/{len(opened.ledger.pages):010d}.json"
    _, version = store.read(last)
    store.delete(last, version=version)
    correct(projection, instance)
    assert passing(instance, graph) == set()


def test_a_broken_file_hides_nothing_and_lets_nothing_run(graph, shop, projection, instance, proven):
    good = load_definitions(shop / "engagements")
    edit(shop, "\nlaunch:", "\nnonsense: 1\nlaunch:")
    correct(projection, instance)
    assert passing(instance, graph) == set()
    (file,) = results(instance, [dg.AssetCheckKey(dg.AssetKey(["demo_shop", "engagement_file"]), VALID)])
    assert file.evaluation is not None
    assert not file.evaluation.passed
    assert "nonsense" in file.evaluation.description

    broken = load_definitions(shop / "engagements")
    before, after = (each.resolve_asset_graph() for each in (good, broken))
    assert after.get_all_asset_keys() >= before.get_all_asset_keys()
    assert after.asset_check_keys >= before.asset_check_keys
    assert broken.resolve_schedule_def(hourly_schedule("demo_shop", "production"))
    assert not after.executable_asset_keys
    for job in (apply_job("demo_shop", "staging"), drift_job("demo_shop", "staging")):
        assert not broken.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=False).success

    edit(shop, "\nnonsense: 1\nlaunch:", "\nlaunch:")
    correct(projection, instance)
    assert passing(instance, graph) == proven


def test_the_sensor_tells_what_is_wrong_and_is_silent_at_rest(graph, shop, instance):
    sensor = build_sensor(shop / "engagements")
    context = dg.build_sensor_context(instance=instance)
    told = sensor.evaluate_tick(context)
    assert len(told.asset_events) == len(shows(instance, graph))
    for each in told.asset_events:
        instance.report_runless_asset_event(each)
    assert sensor.evaluate_tick(context).asset_events == []
