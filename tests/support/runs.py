"""A run of one asset of a small engagement that needs no server: its record lies in a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates.settings import Acme
from provisioning_assets.backends.config.settings import Ssm
from provisioning_assets.backends.dns.settings import Route53
from provisioning_assets.backends.monitoring.settings import CloudWatch
from provisioning_assets.backends.secrets.settings import OpenBao
from provisioning_assets.backends.store.settings import Files
from provisioning_assets.core.digests import Inputs
from provisioning_assets.core.items import Item
from provisioning_assets.engagement.models import Engagement, Environment, Safety
from provisioning_assets.engagement.sections import Certificates, Dns, Monitoring, RuntimeConfig, Secrets
from provisioning_assets.runs import opening
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.task import ReadinessItem, Task


def environment(name: str = "staging", profile: str | None = None) -> Environment:
    """An environment that names products and opens none of them but its store, a folder."""
    return Environment.model_construct(
        name=name,
        region="eu-central-1",
        account=None,
        profile=profile,
        state=Files(folder=f"record-{name}"),
        ledger=None,
        dns=Dns.model_construct(provider=Route53()),
        certificates=Certificates.model_construct(provider=Acme()),
        secrets=Secrets.model_construct(provider=OpenBao()),
        runtime_config=RuntimeConfig.model_construct(provider=Ssm()),
        monitoring=Monitoring.model_construct(provider=CloudWatch()),
    )


def engagement(repository: Path, *environments: Environment) -> Engagement:
    """An engagement in a repository of its own."""
    return Engagement.model_construct(
        name="demo_shop",
        promotion="incremental",
        environments=environments,
        repository=repository,
        safety=Safety(),
    )


ENDED = Item("last_run_succeeded", "", 1, "promotion", timedelta(days=1), of_runs=True)
RUNS_ITEM = ReadinessItem(ENDED, None)
"""The item for how runs of an asset end."""


@contextmanager
def asset_run(
    repository: Path,
    *items: Any,
    variables: dict[str, str] | None = None,
    run: str = "r1",
    holds: bool = True,
    **task: Any,
) -> Iterator[AssetRun]:
    """A run, which holds the lock: of one asset, `dns_records` of staging, with these readiness items."""
    where = environment()
    made = Task(
        name="dns_records",
        environment=where.name,
        description="",
        inputs=Inputs(own={"section": "a", "files": None}, shared={"section": "a"}),
        items=items,
        **task,
    )
    graph = Graph(engagement(repository, where), (made,))
    access = Access("the test's own", variables or {}, where.region, folder=repository)
    session = Session(graph, where, access, run)
    if holds:
        opening.prepare(session)
        opening.hold(session)
    try:
        yield AssetRun(session, made)
    finally:
        opening.close(session)
