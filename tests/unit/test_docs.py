"""Pages that are written from the code are current; each review item has an item."""

import runpy
import shutil

from dagster import DagsterInstance

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.engagement.loading import load_engagement
from tests.support.repository import EXAMPLE, REPOSITORY


def test_the_page_of_readiness_items_is_what_the_code_says():
    written = runpy.run_path(str(REPOSITORY / "docs" / "write_readiness_items.py"))
    assert written["PAGE"].read_text() == written["page"](), "run `make docs`"


def test_dagster_started_by_hand_sends_no_telemetry(tmp_path):
    shutil.copy(REPOSITORY / "dagster.yaml", tmp_path)
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert not instance.telemetry_enabled


def test_each_of_the_eight_review_items_has_an_item_that_can_be_red():
    graph = assemble(load_engagement(EXAMPLE))
    assert {item.review_item for task in graph.tasks for item in task.rules} == set(range(1, 9))
    for task in graph.tasks:
        for readiness in task.items:
            assert readiness.item.description, readiness.item.name
            assert readiness.check or readiness.item.of_runs or readiness.item.gates == "launch"


def test_each_asset_that_is_carried_out_tells_how_its_last_run_ended():
    for task in assemble(load_engagement(EXAMPLE)).tasks:
        assert sum(item.of_runs for item in task.rules) == bool(task.checks)
