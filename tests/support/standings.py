"""Standings of every state, and an engagement for them, made by hand."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from provisioning_assets.core.evidence import About, Evidence, Finding, Judgement, State, Verdict
from provisioning_assets.core.items import Holds, Item, Standing
from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.models import Engagement, Environment, Launch, Roles

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def engagement() -> Engagement:
    """Two environments; of their sections a report needs nothing but the names."""
    alice, bram, dana = ({"name": name, "email": f"{name}@agency.example"} for name in ("Alice", "Bram", "Dana"))
    window = {"opens": "2026-12-08T06:00:00+01:00", "closes": "2026-12-08T10:00:00+01:00"}
    operators = {"agency": [bram], "client": [dana]}
    return Engagement.model_construct(
        name="demo_shop",
        client="Demo Shop Ltd",
        promotion="incremental",
        launch=Launch.model_validate({"freeze": "2026-12-04T18:00:00+01:00", "window": window}),
        roles=Roles.model_validate({"launch_commander": alice, "operators": operators, "on_call": [dana, bram]}),
        differences={},
        environments=tuple(Environment.model_construct(name=name) for name in ("staging", "production")),
        template={},
        folder=Path("engagements/demo_shop"),
        repository=Path(),
    )


def standing(
    number: int,
    state: State,
    *,
    name: str = "",
    environment: str = "production",
    asset: str = "dns_records",
    reason: str = "",
    gates: Holds = "promotion",
    planned: bool = False,
    **details: Json,
) -> Standing:
    """One standing of review item `number`, checked an hour ago unless it was not run."""
    name = name or f"claim_{number}"
    claim = f"What claim {number} looks at. Red names it. Mend it."
    item = Item(name, claim, number, gates, timedelta(hours=24), planned=planned)
    about = About(asset, environment, "sha256:" + f"{number:064x}", "sha256:" + "f" * 64, 1, "sha256:" + "a" * 64)
    verdict = Verdict.RED if state in {State.RED, State.WAIVED} else Verdict.GREEN
    summary = reason or f"claim {number} was looked at"
    finding = Finding(verdict, summary, details, {} if verdict is Verdict.GREEN else {summary: summary})
    if state is State.NOT_RUN:
        return Standing(item, asset, environment, Judgement(state, reason or "never checked"))
    evidence = Evidence(name, 1, about, finding, NOW - timedelta(hours=1), 1.25, "run-1")
    told = None if state is State.STALE else verdict
    return Standing(item, asset, environment, Judgement(state, summary, evidence, told))


def all_green() -> list[Standing]:
    """One green standing for each of the eight items in each environment."""
    return [
        standing(number, State.GREEN, environment=environment)
        for environment in ("staging", "production")
        for number in range(1, 9)
    ]
