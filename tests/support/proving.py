"""Proof by hand: what a test records in place of the checks that would take minutes."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from provisioning_assets.core.evidence import Evidence, Finding
from provisioning_assets.runs import opening
from provisioning_assets.runs.asset_run import AssetRun, now
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.identity import identity_of
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.standings import gate_reasons

BEFORE_CONFIG = (
    "networking",
    "datastores",
    "compute",
    "endpoints",
    "environment",
    "secrets",
    "dns_records",
    "certificates",
)

WHOLE = (*BEFORE_CONFIG, "runtime_config", "monitoring", "verified_environment")
"""Every asset of an environment: what the next one needs proven."""


@contextmanager
def holding(graph: Graph, environment: str) -> Iterator[Session]:
    """A session that may write, as a run's: it holds the lock, and the first one leaves the state's mark."""
    opened = opening.open_session(graph, environment, run=uuid.uuid4().hex)
    opening.prepare(opened)
    opening.hold(opened)
    try:
        identity_of(opened, next(graph.of(environment)))
        yield opened
    finally:
        opening.close(opened)


def session(graph: Graph, environment: str) -> Session:
    """A session that looks, of an environment that a run has been to."""
    with holding(graph, environment) as opened:
        return opened


def prove(graph: Graph, environment: str, *assets: str, ready: bool = True) -> None:
    """Record every item of the assets as seen, as their checks would."""
    finding = Finding.green("proven by the test") if ready else Finding.red("broken by the test")
    with holding(graph, environment) as opened:
        for asset in assets:
            run = AssetRun(opened, graph.task(environment, asset))
            opened.ledger.append(*(
                Evidence(item.name, item.version, run.about(), finding, now(), 0.0, opened.run_id)
                for item in run.task.rules
            ))  # fmt: skip


def named(reasons: list[str]) -> list[str]:
    """`<environment>/<asset>: <item> is <state>` of each reason, without what was seen."""
    return [": ".join(reason.split(": ")[:2]) for reason in reasons]


def reasons(graph: Graph, environment: str, asset: str) -> list[str]:
    """What keeps the asset's gate closed."""
    opened = session(graph, environment)
    return gate_reasons(AssetRun(opened, graph.task(environment, asset)))
