"""Monitoring: probes, logs, dashboards and rules connected; alerts routed, and the pager still quiet."""

from datetime import timedelta

from provisioning_assets.assets.monitored import dashboard_bodies, desired_monitoring
from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.core.plan import Attributes
from provisioning_assets.core.settle import settle
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.placeholders import fill
from provisioning_assets.probes.alert_routing import prove_control, prove_quiet
from provisioning_assets.probes.routing_proofs import Control
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.declared import Declared, equals_declared
from provisioning_assets.runs.standings import stand
from provisioning_assets.runs.task import Task, inputs, readiness_item, section

FIRST_DATA = 45.0
"""Seconds that a new dashboard gets to show its first data points."""


def target(run: AssetRun) -> Declared:
    """Everything of the environment's scope."""
    scope, provider = run.scope, run.backend(Kind.MONITORING)
    return Declared(
        desired=lambda: desired_monitoring(run.environment, run.files),
        read=lambda: provider.read(scope),
        write=lambda changes: provider.write(scope, changes),
        stateful=lambda address: address.startswith("signal "),
    )


@readiness_item(review_item=5)
def monitoring_has_not_drifted(run: AssetRun) -> Finding:
    """Probes, logs, dashboards, rules and their routes are live as declared, read back from the platform.

    Red names what differs: a rule's condition or routes, an edited dashboard, a delivery probe that was cut off.
    """
    return equals_declared(run, target(run))


@readiness_item(review_item=5, max_age=timedelta(hours=6))
def dashboards_have_data(run: AssetRun) -> Finding:
    """Each widget's own queries return data points of the last minutes. A widget without data is red.

    Red after provisioning means that the health probe does not reach the platform.
    """
    names = [dashboard.name for dashboard in run.environment.monitoring.dashboards]

    def look() -> dict[str, int]:
        provider, scope = run.backend(Kind.MONITORING), run.scope
        counts: dict[str, int] = {}
        for name in names:
            widgets = provider.dashboard_data(scope, name) or {"no widget": 0}
            counts |= {f"{name}: {title}": count for title, count in widgets.items()}
        return counts

    counts = settle(look, done=lambda found: all(found.values()), within=FIRST_DATA)
    return Finding.over("widgets", {title: None if count else "shows no data" for title, count in counts.items()})


@readiness_item(review_item=6, version=2)
def pager_is_not_armed(run: AssetRun) -> Finding:
    """Every alert's rule is live, notifies the pager's route, and is muted there: routed, but not yet in pager mode.

    A rule that nobody declared must not call the pager either.
    """
    live = run.backend(Kind.MONITORING).read(run.scope)
    rules = {f"rule {alert.name}": None for alert in run.environment.monitoring.alerts}
    rules |= {address: rule for address, rule in live.items() if address in rules or "pager" in rule.get("routes", ())}
    problems = {address.removeprefix("rule "): _arming_problem(rule) for address, rule in rules.items()}
    return Finding.over("rules of the pager", problems)


def _arming_problem(rule: Attributes | None) -> str | None:
    if rule is None:
        return "does not exist"
    pager = rule["routes"].get("pager")
    if pager is None:
        return "does not notify the pager's route"
    return None if pager["muted"] is True else "is armed: a breach now wakes somebody up"


@readiness_item(
    review_item=6,
    max_age=timedelta(days=7),
    within=timedelta(minutes=30),
    requires=(Capability.ALARM_EVALUATION,),
    lasting=True,
    drill=True,
    version=2,
)
def alerts_reach_their_route(run: AssetRun) -> Finding:
    """A synthetic breach reaches the quiet route and not the muted pager, judged beside a control.

    The control runs in the first environment: with the pager unmuted, the same breach reaches its receiver. Only then
    does the muted pager's silence, watched for twice the control's delay, prove anything. No control: red.
    The drill is announced in the record, and done by an apply or a recheck only, never by a scheduled drift run.
    """
    session, provider = run.session, run.backend(Kind.MONITORING)
    proofs: dict[str, dict[str, object]] = {}
    problems: dict[str, str | None] = {}
    for alert in run.environment.monitoring.alerts:
        control = _recorded_control(run, alert.name)
        if session.before is None:
            with run.drill(f"a drill with the pager of {alert.name} unmuted"):
                control = prove_control(provider, run.scope, alert.name)
        with run.drill(f"a drill with a breach of {alert.name} and the pager muted"):
            quiet = prove_quiet(provider, run.scope, alert.name, control)
        proofs[alert.name] = quiet.as_json()
        problems[alert.name] = None if quiet.proven else quiet.summary
    return Finding.over("routed rules", problems, proofs=proofs)


def _recorded_control(run: AssetRun, rule: str) -> Control | None:
    """The control that the environment before recorded, while its evidence counts."""
    before = run.session.before
    if before is None:
        return None
    task = before.graph.task(before.environment.name, run.task.name)
    judgement = stand(before, task, alerts_reach_their_route.item).judgement
    if not judgement.opens or judgement.evidence is None:
        return None
    proof = judgement.evidence.finding.details.get("proofs", {}).get(rule)
    return Control.from_json(proof["control"]) if proof else None


def task(engagement: Engagement, environment: Environment) -> Task:
    """The asset of the watching."""
    # The pager is looked at last: the proof before it unmutes it for a moment.
    items = (monitoring_has_not_drifted, dashboards_have_data, alerts_reach_their_route, pager_is_not_armed)
    own, template = section(engagement, environment, "monitoring")
    settings = environment.monitoring

    def read(file: str) -> str:
        return (engagement.folder / file).read_text(encoding="utf-8")

    bodies = dashboard_bodies(settings, read, lambda text: str(fill(text, environment.values)))
    written = {dashboard.name: read(dashboard.file) for dashboard in settings.dashboards}
    return Task(
        name="monitoring",
        description="Probes, logs, dashboards and alerts of the environment, and where alerts go.",
        environment=environment.name,
        labels=frozenset({settings.provider.name}),
        backends=(Kind.MONITORING,),
        upstream=("runtime_config",),
        inputs=inputs(engagement, items, own=own, template=template, own_files=bodies, shared_files=written),
        items=items,
        target=target,
    )
