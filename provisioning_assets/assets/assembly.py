"""The assets of an engagement, in the order of promotion. A new asset is one file, and one line here."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from graphlib import TopologicalSorter

from provisioning_assets.assets import (
    certificates,
    dns_records,
    environment,
    launch_readiness,
    monitoring,
    runtime_config,
    secrets,
    stage,
    verified_environment,
)
from provisioning_assets.core.items import Item
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.task import LAST_RUN, ReadinessItem, Task

TASK_CLASSES = (secrets, dns_records, certificates, runtime_config, monitoring)
"""Modules of the task classes that come after the environment: each has `task(engagement, environment)`."""

_NEVER = timedelta(days=3650)


def assemble(engagement: Engagement) -> Graph:
    """The graph of an engagement."""
    code = stage.Sources(engagement.repository)
    return Graph(
        engagement, tuple(task for where in engagement.environments for task in tasks(engagement, where, code))
    )


def tasks(engagement: Engagement, where: Environment, code: stage.Sources) -> list[Task]:
    """The tasks of one environment, upstream first."""
    after = where.stage_order
    classes = {module.__name__.rsplit(".", 1)[-1] for module in TASK_CLASSES}
    late = set(_reaching(after, classes))
    early = tuple(name for name in after if name not in late)
    found = [stage.task(engagement, where, each, after[each.name], code) for each in where.stages]
    found.append(environment.task(engagement, where, early))
    found.extend(module.task(engagement, where) for module in TASK_CLASSES)
    found.append(verified_environment.task(engagement, where, ("environment", *sorted(classes), *sorted(late))))
    if where.name == engagement.production.name:
        found.append(launch_readiness.task(engagement, where))
    by_name = {task.name: _with_its_runs(task) for task in found}
    order = TopologicalSorter({task.name: task.upstream for task in found}).static_order()
    return [by_name[name] for name in order]


def _with_its_runs(task: Task) -> Task:
    """The task with an item for the outcome of its last run: a failed run is evidence too."""
    if not task.checks:
        return task
    item = Item(
        name=LAST_RUN,
        description="The last run that carried out this asset finished without an error. Red shows the error that"
        " stopped it. Fix its cause, then apply again.",
        review_item=task.checks[0].item.review_item,
        gates="promotion",
        max_age=_NEVER,
        of_runs=True,
    )
    return replace(task, items=(*task.items, ReadinessItem(item, None)))


def _reaching(after: Mapping[str, tuple[str, ...]], classes: set[str]) -> Iterator[str]:
    """Stages that depend on a task class, directly or through another stage."""
    for name, upstream in after.items():
        waiting, seen = list(upstream), set[str]()
        while waiting:
            earlier = waiting.pop()
            if earlier in classes:
                yield name
                break
            if earlier not in seen:
                seen.add(earlier)
                waiting.extend(after.get(earlier, ()))
