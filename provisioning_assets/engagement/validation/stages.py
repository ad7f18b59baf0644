"""Stages: their code is there, and their order can be walked."""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from provisioning_assets.backends import catalogue
from provisioning_assets.engagement.document import Document, Place
from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.sections import Stage
from provisioning_assets.engagement.wording import nearest
from provisioning_assets.errors import Problem

TASK_CLASSES = ("secrets", "dns_records", "certificates", "runtime_config", "monitoring")
"""What a stage may come after besides other stages; all of them stand on the environment."""

_TAKEN = {
    "environment", "verified_environment", "launch_readiness", "rollback_plan", "runbook", "credentials_transition",
    *TASK_CLASSES,
}  # fmt: skip


def stage_problems(document: Document, environment: Environment, repository: Path) -> Iterator[Problem]:
    """What breaks a rule of this file."""
    listed = [stage.name for stage in environment.stages]
    for position, stage in enumerate(environment.stages):
        place = ("stages", position)
        if stage.name in listed[:position]:
            yield document.problem((*place, "name"), f"there are two stages called {stage.name}", "a name of its own")
        if stage.name in _TAKEN:
            what = f"`{stage.name}` is the name of an asset that every engagement has"
            yield document.problem((*place, "name"), what, "another name")
        root = (repository / stage.root).resolve()
        if not root.is_relative_to(repository):
            yield document.problem((*place, "root"), f"{stage.root} lies outside the repository", "a folder inside")
        else:
            yield from _code(document, stage, place, root, repository)
        for number, earlier in enumerate(stage.after):
            if earlier not in listed and earlier not in TASK_CLASSES:
                known = [name for name in [*listed, *TASK_CLASSES] if name != stage.name]
                what = f"there is no stage or task class `{earlier}`"
                yield document.problem((*place, "after", number), what, nearest(earlier, known))
    yield from _order(document, environment)


def _code(document: Document, stage: Stage, place: Place, root: Path, repository: Path) -> Iterator[Problem]:
    """What the engine itself finds in the stage's code."""
    for found in catalogue.code_of(stage.engine.name).validate(root, tuple(stage.variables), repository):
        if found.file:
            yield Problem(found.file, found.line, found.column, found.what, found.expected)
        else:
            near = found.choices or not found.expected
            expected = nearest(found.place[-1], found.choices) if near else found.expected
            yield document.problem((*place, *found.place), found.what, expected)


def _order(document: Document, environment: Environment) -> Iterator[Problem]:
    """The early stages make the environment, and everything else stands on it; nothing may stand on itself."""
    after = environment.stage_order
    lines = {stage.name: document.line(("stages", n, "after")) for n, stage in enumerate(environment.stages)}
    try:
        order = list(TopologicalSorter(after).static_order())
    except CycleError as error:
        ring = [name for name in error.args[1] if name in lines]
        first = min(ring, key=lambda name: lines[name])
        place = ("stages", list(after).index(first), "after")
        told = ", ".join(f"{name} in line {lines[name]}" for name in sorted(set(ring), key=lambda name: lines[name]))
        what = f"a cycle: {' after '.join(error.args[1][::-1])} ({told})"
        yield document.problem(place, what, "one of these without its `after`; no `after` means: the stage before it")
        return
    late = set(TASK_CLASSES)
    for name in order:
        if late.intersection(after.get(name, ())):
            late.add(name)
    if late.issuperset(after):
        first = environment.stages[0]
        what = (
            f"a cycle: {first.name} comes after {' and '.join(first.after)} (line {lines[first.name]}), which come"
            " after the stages that make the environment, and no stage is left for that"
        )
        expected = (
            "an early stage that makes the zone; certificates are proven by DNS and need no endpoint,"
            " so only listeners come after them"
        )
        yield document.problem(("stages", 0, "after"), what, expected)
