"""What the readiness items of monitoring say, over monitoring in memory and the example engagement."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.assets import monitoring as items
from provisioning_assets.assets.assembly import assemble
from provisioning_assets.assets.monitored import desired_monitoring
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.backend import Settings
from provisioning_assets.core.evidence import Finding, Verdict
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Attributes
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.probes.alert_routing import prove_control, prove_quiet
from provisioning_assets.runs import opening
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.evaluate import evaluate, record
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.task import ReadinessItem
from tests.fakes.monitoring import MemoryMonitoring
from tests.support.back_ends import opened
from tests.support.monitored import RULE, bring_about, routes, rule
from tests.support.routing import Time


class InMemory(Session):
    """A session whose monitoring is in memory, and whose record is a folder."""

    fakes: dict[Kind, Any]

    def backend(self, kind: Kind, settings: Settings | None = None) -> Any:
        return self.fakes[kind]


@pytest.fixture
def graph(folder: Path) -> Graph:
    return assemble(load_engagement(folder))


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def monitoring(time: Time) -> MemoryMonitoring:
    return MemoryMonitoring(clock=time.now)


@pytest.fixture
def run_in(
    graph: Graph, monitoring: MemoryMonitoring, tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., AssetRun]]:
    """A run of the asset in an environment where everything is as declared, by the name of what emulates it."""
    for prove in (prove_control, prove_quiet):
        monkeypatch.setattr(items, prove.__name__, partial(prove, clock=time.clock))
    held: list[Session] = []

    def made(environment: str, *, emulation: str = "sandbox", before: Session | None = None) -> AssetRun:
        access = Access("the test's own", {"PROVISIONING_EMULATION": emulation}, "eu-central-1", folder=tmp_path)
        session = InMemory(graph, graph.engagement.environment(environment), access, "run", before, drills=True)
        session.fakes = {Kind.MONITORING: monitoring, Kind.STORE: opened(Kind.STORE, "files", access, folder="record")}
        opening.prepare(session)
        opening.hold(session)
        held.append(session)
        run = AssetRun(session, graph.task(environment, "monitoring"))
        bring_about(monitoring, run.scope, desired(run))
        return run

    yield made
    for session in held:
        opening.close(session)


def desired(run: AssetRun) -> dict[str, Attributes]:
    return desired_monitoring(run.environment, run.files)


def said(run: AssetRun, item: ReadinessItem) -> Finding:
    """What the item finds, recorded as a run does."""
    evaluation = evaluate(run, item)
    record(run, evaluation)
    assert evaluation.evidence is not None
    return evaluation.evidence.finding


def test_where_nobody_evaluates_the_routing_is_not_tested(
    run_in: Callable[..., AssetRun], monitoring: MemoryMonitoring
) -> None:
    run = run_in("staging", emulation="moto")
    assert said(run, items.alerts_reach_their_route).verdict is Verdict.NOT_TESTED
    assert not monitoring._scope(run.scope).breaches


def test_the_first_environment_proves_control_and_quiet(
    run_in: Callable[..., AssetRun], monitoring: MemoryMonitoring
) -> None:
    run = run_in("staging")
    finding = said(run, items.alerts_reach_their_route)
    assert finding.verdict is Verdict.GREEN
    assert finding.details["proofs"][RULE]["control"]["delay_seconds"] > 0
    assert monitoring.read(run.scope) == desired(run)
    assert not run.session.ledger.epoch("monitoring").unfinished


def test_production_rests_on_the_control_of_the_environment_before(
    run_in: Callable[..., AssetRun], monitoring: MemoryMonitoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging = run_in("staging")
    control = said(staging, items.alerts_reach_their_route).details["proofs"][RULE]["control"]
    production = run_in("production", before=staging.session)
    monkeypatch.setattr(monitoring, "mute", lambda *_, **__: pytest.fail("it touched production's pager"))
    finding = said(production, items.alerts_reach_their_route)
    assert finding.verdict is Verdict.GREEN
    assert finding.details["proofs"][RULE]["control"] == control


def test_production_without_a_control_is_red_and_not_breached(
    run_in: Callable[..., AssetRun], monitoring: MemoryMonitoring
) -> None:
    production = run_in("production", before=run_in("staging").session)
    finding = said(production, items.alerts_reach_their_route)
    assert finding.verdict is Verdict.RED
    assert finding.problems.keys() == {RULE}
    assert finding.details["proofs"][RULE]["at"] is None


def test_a_muted_pager_is_not_armed(run_in: Callable[..., AssetRun]) -> None:
    assert said(run_in("staging"), items.pager_is_not_armed).verdict is Verdict.GREEN


@pytest.mark.parametrize(
    ("name", "live"),
    [
        (RULE, rule(routes=routes(pager=False))),
        (RULE, rule(routes={"quiet": {"muted": False}})),
        (RULE, None),
        ("another", rule(routes=routes(pager=False))),
    ],
)
def test_a_pager_that_may_be_called_or_is_not_routed_is_red(
    run_in: Callable[..., AssetRun], monitoring: MemoryMonitoring, name: str, live: Attributes | None
) -> None:
    run = run_in("staging")
    others = {address: held for address, held in desired(run).items() if address != f"rule {name}"}
    bring_about(monitoring, run.scope, others | ({f"rule {name}": live} if live else {}))
    finding = said(run, items.pager_is_not_armed)
    assert finding.verdict is Verdict.RED
    assert finding.problems.keys() == {name}


def test_drift_names_what_the_product_says_of_itself(
    run_in: Callable[..., AssetRun], monitoring: MemoryMonitoring
) -> None:
    run = run_in("staging")
    assert said(run, items.monitoring_has_not_drifted).verdict is Verdict.GREEN
    bring_about(monitoring, run.scope, desired(run) | {f"rule {RULE}": rule(otherwise=["calls somebody else"])})
    finding = said(run, items.monitoring_has_not_drifted)
    assert finding.verdict is Verdict.RED
    assert finding.problems.keys() == {f"rule {RULE}"}
    assert "calls somebody else" in finding.problems[f"rule {RULE}"]


def test_a_part_of_a_dashboard_without_data_is_red(
    run_in: Callable[..., AssetRun], monitoring: MemoryMonitoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "FIRST_DATA", 0.0)
    run = run_in("staging")
    health = {"title": "health", "probe": "shop"}
    for panels, problems in (([health], set()), ([health, {"title": "orders"}], {"orders"}), ([], {"no widget"})):
        bring_about(monitoring, run.scope, desired(run) | {"dashboard shop": {"body": {"panels": panels}}})
        finding = said(run, items.dashboards_have_data)
        assert finding.problems.keys() == {f"shop: {title}" for title in problems}
        assert finding.ready is not bool(problems)
