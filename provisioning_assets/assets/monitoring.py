"""Monitoring: probes, logs, dashboards and rules in place; alerts routed, and the pager still quiet."""

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
    """Everything in the environment's scope."""
    scope, provider = run.scope, run.backend(Kind.MONITORING)
    return Declared(
        desired=lambda: desired_monitoring(run.environment, run.files),
        read=lambda: provider.read(scope),
        write=lambda changes: provider.write(scope, changes),
        stateful=lambda address: address.startswith("signal "),
    )


@readiness_item(review_item=5)
def monitoring_has_not_drifted(run: AssetRun) -> Finding:
    """Probes, logs, dashboards, rules and routes are live as declared, read back from the monitoring product.

    Red names what differs, such as a rule's condition, an edited dashboard or a disconnected delivery probe. Apply to
    restore it, or declare the change.
    """
    return equals_declared(run, target(run))


@readiness_item(review_item=5, max_age=timedelta(hours=6))
def dashboards_have_data(run: AssetRun) -> Finding:
    """Each query of each dashboard widget returns data points from the last 15 minutes.

    The queries are those of the live dashboards. Red names each widget that shows no data. Right after provisioning,
    this usually means that the health probe does not feed its metric: check the prober, then run this item again.
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


@readiness_item(review_item=6)
def pager_is_not_armed(run: AssetRun) -> Finding:
    """Every alert's rule is live, is routed to the pager, and is muted there: not yet in pager mode.

    An undeclared rule must not call the pager either. Red names each rule that is missing, not routed to the pager, or
    armed. Apply to restore the rules.
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
)
def alerts_reach_their_route(run: AssetRun) -> Finding:
    """A synthetic breach reaches the quiet route and not the muted pager, compared with a control run.

    The control runs in the first environment: with the pager unmuted, the same breach must reach the pager. The muted
    pager is then watched for twice as long as that took. Without a control, its silence proves nothing, and the item is
    red. Red says what was delivered and what was not. Fix the route, then check this item by name. The drill is
    announced in the record; a scheduled drift run never performs it.
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
    """The control that the previous environment recorded, while its evidence counts."""
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
    """The asset of the monitoring."""
    # The pager is checked last: the routing proof before it unmutes the pager for a moment.
    items = (monitoring_has_not_drifted, dashboards_have_data, alerts_reach_their_route, pager_is_not_armed)
    own, template = section(engagement, environment, "monitoring")
    settings = environment.monitoring

    def read(file: str) -> str:
        return (engagement.folder / file).read_text(encoding="utf-8")

    bodies = dashboard_bodies(settings, read, lambda text: str(fill(text, environment.values)))
    written = {dashboard.name: read(dashboard.file) for dashboard in settings.dashboards}
    return Task(
        name="monitoring",
        description="Probes, logs, dashboards and alerts of the environment, and the routes of the alerts.",
        environment=environment.name,
        labels=frozenset({settings.provider.name}),
        backends=(Kind.MONITORING,),
        upstream=("runtime_config",),
        inputs=inputs(engagement, items, own=own, template=template, own_files=bodies, shared_files=written),
        items=items,
        target=target,
    )
