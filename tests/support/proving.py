"""Proof by hand: what a test records in place of the checks that would take minutes."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from provisioning_assets.runs.readiness import gate_reasons
from provisioning_assets.runs.work import Work, now

from provisioning_assets.core.evidence import Evidence, Finding
from provisioning_assets.runs.graph import Lineage
from provisioning_assets.runs.session import Session, open_session

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


@contextmanager
def holding(lineage: Lineage, environment: str) -> Iterator[Session]:
    """A session that may write, as a run's: it holds the lock, and the first one leaves the state's mark."""
    opened = open_session(lineage, environment, run=uuid.uuid4().hex)
    opened.prepare()
    opened.hold()
    try:
        opened.world(next(lineage.of(environment)))
        yield opened
    finally:
        opened.close()


def session(lineage: Lineage, environment: str) -> Session:
    """A session that looks, of an environment that a run has been to."""
    with holding(lineage, environment) as opened:
        return opened


def prove(lineage: Lineage, environment: str, *assets: str, ready: bool = True) -> None:
    """Record every item of the assets as seen, as their checks would."""
    finding = Finding.green("proven by the test") if ready else Finding.red("broken by the test")
    with holding(lineage, environment) as opened:
        for asset in assets:
            work = Work(opened, lineage.node(environment, asset))
            opened.ledger.append(*(
                Evidence(item.name, item.version, work.about(), finding, now(), 0.0, opened.run)
                for item in work.node.items
            ))  # fmt: skip


def reasons(lineage: Lineage, environment: str, asset: str) -> list[str]:
    opened = session(lineage, environment)
    return gate_reasons(Work(opened, lineage.node(environment, asset)))
