"""Stages: names and variables of their own, and an order that can be walked."""

import posixpath
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.placeholders import BUILT_IN
from provisioning_assets.engagement.places import Place, Wrong

TASK_CLASSES = ("secrets", "dns_records", "certificates", "runtime_config", "monitoring")
"""What a stage may come after besides other stages; all of them stand on the environment."""

_TAKEN = {
    "environment", "verified_environment", "launch_readiness", "rollback_plan", "runbook", "credentials_transition",
    "engagement_file", "readiness", "refused", "apply", "drift", "drift_hourly",
    *TASK_CLASSES,
}  # fmt: skip
"""What every engagement has of such a name: its other assets, and what its jobs and steps in Dagster end in."""


def stage_problems(environment: Environment) -> Iterator[Wrong]:
    """What breaks a rule of this file."""
    listed = [stage.name for stage in environment.stages]
    roots: dict[str, str] = {}
    for position, stage in enumerate(environment.stages):
        place, root = ("stages", position), posixpath.normpath(stage.root)
        if (first := roots.setdefault(root, stage.name)) != stage.name:
            what = f"{first} and {stage.name} have the same code, and each would make all of it"
            yield Wrong((*place, "root"), what, "a folder of its own; what both need is a module")
        if stage.name in _TAKEN:
            what = f"`{stage.name}` is the name of something that every engagement has"
            yield Wrong((*place, "name"), what, "another name")
        for number, earlier in enumerate(stage.after):
            if earlier not in listed and earlier not in TASK_CLASSES:
                known = [name for name in [*listed, *TASK_CLASSES] if name != stage.name]
                what = f"there is no stage or task class `{earlier}`"
                yield Wrong((*place, "after", number), what, choices=known, written=earlier)
        for name in stage.variables:
            if name in BUILT_IN:
                what = f"every stage gets `{name}` already, and this would be another"
                yield Wrong((*place, "variables", name), what, "a variable of another name")
            elif name in listed:
                what = f"`{name}` would hide what the stage of that name hands on"
                yield Wrong((*place, "variables", name), what, "a variable of another name")
    yield from _order(environment)


def _order(environment: Environment) -> Iterator[Wrong]:
    """The early stages make the environment, and everything else stands on it; nothing may stand on itself."""
    after = environment.stage_order
    places: dict[str, Place] = {stage.name: ("stages", n, "after") for n, stage in enumerate(environment.stages)}
    try:
        order = list(TopologicalSorter(after).static_order())
    except CycleError as error:
        ring = [name for name in places if name in error.args[1]]
        told = ", ".join(f"{name} in line {{}}" for name in ring)
        what = f"a cycle: {' after '.join(error.args[1][::-1])} ({told})"
        expected = "one of these without its `after`; no `after` means: the stage before it"
        yield Wrong(places[ring[0]], what, expected, lines_of=tuple(places[name] for name in ring))
        return
    late = set(TASK_CLASSES)
    for name in order:
        if late.intersection(after.get(name, ())):
            late.add(name)
    if late.issuperset(after):
        first = environment.stages[0]
        what = (
            f"a cycle: {first.name} comes after {' and '.join(first.after)} (line {{}}), which come"
            " after the stages that make the environment, and no stage is left for that"
        )
        expected = (
            "an early stage that makes the zone; certificates are proven by DNS and need no endpoint,"
            " so only listeners come after them"
        )
        yield Wrong(("stages", 0, "after"), what, expected, lines_of=(places[first.name],))
