"""The demo shop's monitoring asset on Prometheus: brought about, and what its readiness items then say."""

import json
import shutil
import time
from collections.abc import Iterator

import pytest

from provisioning_assets.assets import monitoring as items
from provisioning_assets.assets.assembly import assemble
from provisioning_assets.backends.access import Access
from provisioning_assets.core.evidence import Finding, Verdict
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.reconcile import Outcome, reconcile
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.runs import opening
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.evaluate import evaluate, record
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.task import ReadinessItem
from tests.support import by_hand
from tests.support.back_ends import opened
from tests.support.prometheus import Monitors
from tests.support.repository import EXAMPLE, REPOSITORY
from tests.support.waiting import wait_until

pytestmark = pytest.mark.second

CLOUDWATCH = """    name: cloudwatch
    namespace: ${engagement}/${environment}
  logs: [app]
"""
BODY = {
    "widgets": [
        {"text": "${engagement}, ${environment}"},
        {"title": "Health of the shop", "query": 'probe_success{scope="${engagement}-${environment}"}'},
    ]
}


@pytest.fixture(scope="module")
def run(prometheus: Monitors, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AssetRun]:
    """A run of staging that holds its lock, with a record in a folder."""
    repository = tmp_path_factory.mktemp("repository")
    shutil.copytree(REPOSITORY / "terraform", repository / "terraform", ignore=shutil.ignore_patterns(".terraform"))
    shop = shutil.copytree(EXAMPLE, repository / "engagements" / EXAMPLE.name)
    (shop / "dashboards/shop.json").write_text(json.dumps(BODY))
    text = (shop / "engagement.yaml").read_text()
    chosen = f"    {{name: prometheus, folder: {prometheus.folder}, pager: people-pager, quiet: people-quiet}}\n"
    for old, new in ((CLOUDWATCH, chosen), ('"https://${domain}/healthz"', '"http://${domain}/-/healthy"')):
        assert old in text, f"{old!r} is not there: mend the test"
        text = text.replace(old, new)
    (shop / "engagement.yaml").write_text(text)
    graph = assemble(load_engagement(shop))
    access = prometheus.access()
    session = InAFolder(
        graph,
        graph.engagement.environment("staging"),
        Access("test", access.variables, folder=repository),
        "run",
        drills=True,
    )
    opening.prepare(session)
    opening.hold(session)
    try:
        yield AssetRun(session, graph.task("staging", "monitoring"))
    finally:
        opening.close(session)


class InAFolder(Session):
    """A session whose record is a folder."""

    def backend(self, kind: Kind, settings: object = None) -> object:
        if kind is Kind.STORE:
            return opened(kind, "files", self.access, folder="record")
        return super().backend(kind, settings)


def applied(run: AssetRun) -> Outcome:
    return reconcile(items.target(run), run, address=run.address, gate=list)


def said(run: AssetRun, item: ReadinessItem) -> Finding:
    """What the item finds, recorded as a run does."""
    run.session.plans.clear()
    evaluation = evaluate(run, item)
    record(run, evaluation)
    assert evaluation.evidence is not None
    return evaluation.evidence.finding


def test_the_asset_is_brought_about_and_all_of_it_is_proven(run: AssetRun, prometheus: Monitors) -> None:
    assert applied(run).applied
    assert not applied(run).applied
    for item in (each for each in run.task.items if not each.item.of_runs):
        finding = said(run, item)
        assert finding.verdict is Verdict.GREEN, finding
    assert not applied(run).applied


def test_what_people_do_by_hand_turns_its_item_red(run: AssetRun, prometheus: Monitors) -> None:
    applied(run)
    by_hand.end_silences(prometheus)
    assert said(run, items.pager_is_not_armed).verdict is Verdict.RED
    assert said(run, items.monitoring_has_not_drifted).verdict is Verdict.RED
    assert applied(run).applied
    assert said(run, items.pager_is_not_armed).verdict is Verdict.GREEN


@pytest.mark.parametrize("server", ["alertmanager", "prometheus"])
def test_a_server_that_hangs_is_could_not_tell_and_soon(run: AssetRun, prometheus: Monitors, server: str) -> None:
    applied(run)
    with prometheus.hanging(server):
        began = time.monotonic()
        found = [said(run, item) for item in (items.monitoring_has_not_drifted, items.pager_is_not_armed)]
        assert time.monotonic() - began < 20
    assert {each.verdict for each in found} == {Verdict.COULD_NOT_TELL}
    wait_until(lambda: said(run, items.monitoring_has_not_drifted).verdict is Verdict.GREEN)
