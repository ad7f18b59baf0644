"""Monitoring: probes, logs, dashboards and alarms connected; alerts routed, and the pager still quiet."""

from collections.abc import Mapping
from datetime import timedelta

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from provisioning_assets.assets.monitored import dashboard_bodies, desired_monitoring
from provisioning_assets.core.evidence import Finding
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.placeholders import fill
from provisioning_assets.probes.alert_routing import prove_control, prove_quiet
from provisioning_assets.probes.routing_proofs import Control
from provisioning_assets.runs.readiness import readiness_item, stand
from provisioning_assets.runs.task import AWS, Declared, Task, equals_declared, inputs, section
from provisioning_assets.runs.work import Work

FIRST_DATA = 45.0
"""Seconds that a new dashboard gets to show its first data points."""


def target(work: Work) -> Declared:
    """Everything of the environment's scope."""
    scope, provider = work.session.scope, work.session.monitoring
    return Declared(
        desired=lambda: desired_monitoring(work.environment, work.files),
        read=lambda: provider.read(scope),
        write=lambda changes: provider.write(scope, changes),
    )


@readiness_item(review_item=5)
def monitoring_has_not_drifted(work: Work) -> Finding:
    """Probes, log groups, dashboards, alarms and their routes are live as declared, read back from the platform.

    Red names what differs: an alarm's threshold or actions, an edited dashboard, a removed subscription.
    """
    return equals_declared(work, target(work))


@readiness_item(review_item=5, max_age=timedelta(hours=6))
def dashboards_have_data(work: Work) -> Finding:
    """Each widget's own queries return data points of the last minutes. A widget without data is red.

    Red after provisioning means that the health probe does not reach the platform.
    """
    names = [dashboard.name for dashboard in work.environment.monitoring.dashboards]

    def look() -> dict[str, int]:
        provider, scope = work.session.monitoring, work.session.scope
        counts: dict[str, int] = {}
        for name in names:
            widgets = provider.widget_data(scope, name) or {"no widget": 0}
            counts |= {f"{name}: {title}": count for title, count in widgets.items()}
        return counts

    retrying = Retrying(
        stop=stop_after_delay(FIRST_DATA), wait=wait_fixed(1), retry=retry_if_result(lambda c: not all(c.values()))
    )
    try:
        counts = retrying(look)
    except RetryError as error:
        counts = error.last_attempt.result()
    return Finding.over("widgets", {title: None if count else "shows no data" for title, count in counts.items()})


@readiness_item(review_item=6)
def pager_is_not_armed(work: Work) -> Finding:
    """Every alarm of the pager's route exists with its actions switched off: routed, but not yet in pager mode."""
    live = work.session.monitoring.read(work.session.scope)
    problems = {
        alarm.name: _arming_problem(live.get(f"alarm {alarm.name}-pager"))
        for alarm in work.environment.monitoring.alarms
    }
    return Finding.over("alarms of the pager", problems)


def _arming_problem(alarm: Mapping[str, object] | None) -> str | None:
    if alarm is None:
        return "does not exist"
    return None if alarm["paging"] is False else "is armed: a breach now wakes somebody up"


@readiness_item(review_item=6, max_age=timedelta(days=7), lasting=True, exercise=True)
def alerts_reach_their_route(work: Work) -> Finding:
    """A synthetic breach reaches the quiet route and not the pager, judged beside a control.

    The control runs in the first environment: with paging on, the same breach reaches the pager's receiver. Only then
    does the pager's silence with paging off, watched for twice the control's delay, prove anything. No control: red.
    The exercise is announced in the record, and done by an apply or a recheck only, never by a scheduled drift run.
    """
    session = work.session
    proofs: dict[str, dict[str, object]] = {}
    problems: dict[str, str | None] = {}
    for alarm in work.environment.monitoring.alarms:
        control = _recorded_control(work, alarm.name)
        if session.before is None:
            with work.exercise(f"an exercise with paging of {alarm.name} on"):
                control = prove_control(session.monitoring, session.scope, alarm.name)
        with work.exercise(f"an exercise with a breach of {alarm.name} and paging off"):
            quiet = prove_quiet(session.monitoring, session.scope, alarm.name, control)
        proofs[alarm.name] = quiet.as_json()
        problems[alarm.name] = None if quiet.proven else quiet.summary
    finding = Finding.over("routed alarms", problems)
    return Finding(finding.ready, finding.summary, {**finding.evidence, "proofs": proofs})


def _recorded_control(work: Work, alarm: str) -> Control | None:
    """The control that the environment before recorded, while its evidence counts."""
    before = work.session.before
    if before is None:
        return None
    node = before.lineage.node(before.environment.name, work.node.asset)
    judgement = stand(before, node, alerts_reach_their_route.item).judgement
    if not judgement.opens or judgement.evidence is None:
        return None
    proof = judgement.evidence.finding.evidence.get("proofs", {}).get(alarm)
    return Control.from_json(proof["control"]) if proof else None


def task(engagement: Engagement, environment: Environment) -> Task:
    """The asset of the watching."""
    # The pager is looked at last: the proof before it arms it for a moment.
    items = (monitoring_has_not_drifted, dashboards_have_data, alerts_reach_their_route, pager_is_not_armed)
    own, template = section(engagement, environment, "monitoring")
    settings = environment.monitoring

    def read(file: str) -> str:
        return (engagement.folder / file).read_text(encoding="utf-8")

    bodies = dashboard_bodies(settings, read, lambda text: str(fill(text, environment.values)))
    written = {dashboard.name: read(dashboard.file) for dashboard in settings.dashboards}
    return Task(
        name="monitoring",
        description="Metrics, logs, dashboards and alarms of the environment, and where alarms go.",
        kinds=frozenset({settings.provider, "aws"}),
        needs=frozenset({AWS}),
        upstream=("runtime_config",),
        inputs=inputs(engagement, items, own=own, template=template, own_files=bodies, shared_files=written),
        items=items,
        target=target,
    )
