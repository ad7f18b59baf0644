"""An engagement whose file is broken: shown as it was when the file could last be read, and nothing of it runs."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import dagster as dg
from pydantic import TypeAdapter, ValidationError

from provisioning_assets.core.evidence import State
from provisioning_assets.orchestration.conclusions import check_keys
from provisioning_assets.orchestration.jobs import HOURLY
from provisioning_assets.orchestration.names import (
    apply_job,
    asset_key,
    dagster_name,
    drift_job,
    hourly_schedule,
    upstream_keys,
)
from provisioning_assets.orchestration.shown import Shown
from provisioning_assets.runs.graph import Graph

VALID = "engagement_file_is_valid"
_CLAIM = "The engagement's file, and all that it names, can be read. Red has each problem with its place."


@dataclass(frozen=True, slots=True)
class Remembered:
    """An asset as it was when its engagement could last be read."""

    key: tuple[str, ...]
    upstream: tuple[tuple[str, ...], ...]
    description: str
    labels: tuple[str, ...]
    checks: tuple[str, ...]

    @property
    def asset(self) -> dg.AssetKey:
        """Its key in Dagster."""
        return dg.AssetKey(self.key)


_ALL = TypeAdapter(tuple[Remembered, ...])


def remember(graph: Graph) -> None:
    """Keep what an engagement consists of, for the day when its file is broken; a disk that refuses does no harm."""
    engagement = graph.engagement
    content = _ALL.dump_json(
        tuple(
            Remembered(
                key=tuple(asset_key(graph, task).path),
                upstream=tuple(tuple(key.path) for key in upstream_keys(graph, task)),
                description=task.description,
                labels=tuple(sorted(task.labels)),
                checks=tuple(key.name for key in check_keys(graph, task)),
            )
            for task in graph.tasks
        )
    )
    place = _place(engagement.folder, engagement.repository)
    with suppress(OSError):
        if place.is_file() and place.read_bytes() == content:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.{uuid4().hex}")
        part.write_bytes(content)
        part.replace(place)


def recall(folder: Path) -> tuple[Remembered, ...]:
    """What the engagement in a folder consisted of; empty when nobody knows."""
    try:
        return _ALL.validate_json(_place(folder, folder.parent.parent).read_bytes())
    except (OSError, ValidationError):
        return ()


def broken_checks(folder: Path, problems: str) -> Iterator[Shown]:
    """Every check of a broken engagement: none passes, and that of the file says why."""
    yield Shown(dg.AssetCheckKey(_file(folder), VALID), State.RED, problems)
    why = f"could not tell: the engagement's file is broken: {problems}"
    for each in recall(folder):
        yield from (Shown(dg.AssetCheckKey(each.asset, name), State.RED, why) for name in each.checks)


def build_broken(folder: Path, problems: str) -> dg.Definitions:
    """The assets, checks, jobs and schedules of a broken engagement. None can be carried out."""
    known, group = recall(folder), _called(folder)
    said = f"```\n{problems}\n```"
    file = dg.AssetSpec(_file(folder), group_name=group, description=said, kinds={"broken"})
    specs = [
        dg.AssetSpec(
            each.asset,
            deps=[dg.AssetKey(key) for key in each.upstream],
            group_name="/".join(each.key[:2]),
            description=f"{each.description}\n\nNot to be carried out: the engagement's file is broken.\n{said}",
            kinds={*each.labels, "broken"},
        )
        for each in known
    ]
    checks = [_refusing(file.key, (VALID,), problems), *(_refusing(e.asset, e.checks, problems) for e in known)]
    environments = list({each.key[1]: None for each in known})
    jobs = [_refusing_job(name(group, each), problems) for each in environments for name in (apply_job, drift_job)]
    schedules = [_idle(group, each) for each in environments]
    return dg.Definitions(assets=[file, *specs], asset_checks=checks, jobs=jobs, schedules=schedules)


def _refusing(asset: dg.AssetKey, names: tuple[str, ...], problems: str) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(
        name=dagster_name(*asset.path, "readiness"),
        specs=[dg.AssetCheckSpec(name, asset=asset, description=_CLAIM if name == VALID else None) for name in names],
        can_subset=True,
    )
    def check() -> Iterator[dg.AssetCheckResult]:
        yield from _refuse(problems)

    return check


def _refusing_job(name: str, problems: str) -> dg.JobDefinition:
    @dg.op(name=dagster_name(name, "refused"))
    def refuse() -> None:
        _refuse(problems)

    @dg.job(name=name, description="Not to be run: the engagement's file is broken.")
    def refused() -> None:
        refuse()

    return refused


def _refuse(problems: str) -> NoReturn:
    raise dg.Failure(description=problems, allow_retries=False)


def _idle(engagement: str, environment: str) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=hourly_schedule(engagement, environment),
        job_name=drift_job(engagement, environment),
        cron_schedule=HOURLY,
        should_execute=lambda _context: False,
        description="Looks again as soon as the engagement's file can be read.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def _file(folder: Path) -> dg.AssetKey:
    return dg.AssetKey([_called(folder), "engagement_file"])


def _called(folder: Path) -> str:
    """The folder's name as Dagster takes it: one that no engagement could have is changed, and marked as such."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", folder.name)
    return plain if plain == folder.name else f"{plain}_{hashlib.sha256(folder.name.encode()).hexdigest()[:8]}"


def _place(folder: Path, repository: Path) -> Path:
    return repository / ".provisioning" / "graphs" / f"{folder.name}.json"
