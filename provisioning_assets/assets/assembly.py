"""The assets of an engagement, in the order of promotion."""

from collections.abc import Iterator, Mapping
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
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.runs.graph import Lineage, Node
from provisioning_assets.runs.task import Task

TASK_CLASSES = (secrets, dns_records, certificates, runtime_config, monitoring)
"""Modules of the task classes that follow the environment: each has `task(engagement, environment)`."""


def tasks(engagement: Engagement, where: Environment) -> list[Task]:
    """The tasks of one environment, upstream first."""
    after = _stage_order(where)
    classes = {module.__name__.rsplit(".", 1)[-1] for module in TASK_CLASSES}
    late = set(_reaching(after, classes))
    early = tuple(name for name in after if name not in late)
    found = [stage.task(engagement, each, after[each.name]) for each in where.stages]
    found.append(environment.task(engagement, early))
    found.extend(module.task(engagement, where) for module in TASK_CLASSES)
    found.append(verified_environment.task(engagement, ("environment", *sorted(classes), *sorted(late))))
    if where is engagement.environments[-1]:
        found.append(launch_readiness.task(engagement))
    return _upstream_first(found)


def assemble(engagement: Engagement) -> tuple[Lineage, Mapping[tuple[str, str], Task]]:
    """The lineage of an engagement, and the task of each of its nodes."""
    by_key = {(where.name, task.name): task for where in engagement.environments for task in tasks(engagement, where)}
    nodes = tuple(_node(environment_name, task) for (environment_name, _), task in by_key.items())
    return Lineage(engagement, nodes), by_key


def _node(environment_name: str, task: Task) -> Node:
    return Node(task.name, environment_name, task.upstream, task.item_rules, task.needs, task.inputs, task.is_stage)


def _stage_order(where: Environment) -> dict[str, tuple[str, ...]]:
    """What each stage stands on: what it says, else the stage before it."""
    previous: tuple[str, ...] = ()
    order: dict[str, tuple[str, ...]] = {}
    for each in where.stages:
        order[each.name] = each.after or previous
        previous = (each.name,)
    return order


def _reaching(after: Mapping[str, tuple[str, ...]], classes: set[str]) -> Iterator[str]:
    """Stages that stand on a task class, directly or through another stage."""
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


def _upstream_first(found: list[Task]) -> list[Task]:
    by_name = {task.name: task for task in found}
    order = TopologicalSorter({task.name: task.upstream for task in found}).static_order()
    return [by_name[name] for name in order]
