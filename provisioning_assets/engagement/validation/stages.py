"""Stages: their code is there, and their order can be walked."""

import re
from collections.abc import Iterator
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from provisioning_assets.backends.infrastructure.terraform import hcl
from provisioning_assets.engagement.document import Document, Place
from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.sections import Stage
from provisioning_assets.engagement.wording import nearest
from provisioning_assets.errors import ConfigurationError, Problem

TASK_CLASSES = ("secrets", "dns_records", "certificates", "runtime_config", "monitoring")
"""What a stage may come after besides other stages; all of them stand on the environment."""

_TAKEN = {
    "environment", "verified_environment", "launch_readiness", "rollback_plan", "runbook", "credentials_transition",
    *TASK_CLASSES,
}  # fmt: skip

_READS = re.compile(r"\$\{path\.(?P<base>module|root)\}/(?P<rest>[^\"$]*)")
"""A file named from where the code lies, as `file("${path.module}/policy.json")` does."""


def check(document: Document, environment: Environment, repository: Path) -> Iterator[Problem]:
    """Every rule of this file."""
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
    """The root and its modules are there and can be read, and the root takes the variables that it is given."""
    if not hcl.files(root):
        what = f"there is no Terraform code in {stage.root}"
        yield document.problem((*place, "root"), what, "a folder with *.tf files, relative to the repository")
        return
    try:
        folders = hcl.closure(root)
        declared = {name for file in hcl.files(root) for name, _ in hcl.blocks(file, "variable")}
    except ConfigurationError as error:
        for problem in error.problems:
            file = Path(problem.file)
            named = file.relative_to(repository) if file.is_relative_to(repository) else file
            yield replace(problem, file=named.as_posix())
        return
    for folder in sorted(folders):
        if not hcl.files(folder):
            named = folder.relative_to(repository) if folder.is_relative_to(repository) else folder
            what = f"{stage.root} uses the module {named}, and there is no Terraform code"
            yield document.problem((*place, "root"), what, "a folder with *.tf files")
    yield from _reads_outside(root, folders, repository)
    for name in stage.variables:
        if name not in declared:
            what = f"{stage.root} declares no variable `{name}`"
            yield document.problem((*place, "variables", name), what, nearest(name, declared))


def _reads_outside(root: Path, folders: set[Path], repository: Path) -> Iterator[Problem]:
    """Files that the code reads from where no digest sees them change."""
    for folder in sorted(folders):
        for file in hcl.files(folder):
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                for place in _READS.finditer(line):
                    read = ((root if place["base"] == "root" else folder) / place["rest"]).resolve()
                    if not any(read.is_relative_to(each) for each in folders):
                        what = f"`{place[0]}` lies outside of the stage's code: no digest would see it change"
                        named = (file.relative_to(repository) if file.is_relative_to(repository) else file).as_posix()
                        yield Problem(named, number, place.start() + 1, what, "the file, inside the root or a module")


def _order(document: Document, environment: Environment) -> Iterator[Problem]:
    """The early stages make the environment, and everything else stands on it; nothing may stand on itself."""
    after: dict[str, tuple[str, ...]] = {}
    previous: tuple[str, ...] = ()
    for stage in environment.stages:
        after[stage.name] = stage.after or previous
        previous = (stage.name,)
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
