"""The code of the stages: it is there, and its engine can read it."""

from collections.abc import Iterator
from pathlib import Path

from provisioning_assets.backends import catalogue
from provisioning_assets.engagement.document import real
from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.places import Found, Place, Wrong
from provisioning_assets.errors import Problem


def code_problems(environment: Environment, repository: Path) -> Iterator[Found]:
    """What each engine finds wrong, at the lines of the code or at the stage that names it."""
    for position, stage in enumerate(environment.stages):
        place: Place = ("stages", position)
        root = real(repository / stage.root)
        if not root.is_relative_to(repository):
            yield Wrong((*place, "root"), f"{stage.root} lies outside the repository", "a folder inside")
            continue
        for found in catalogue.code_of(stage.engine.name).validate(root, tuple(stage.variables), repository):
            if found.file:
                yield Problem(found.file, found.line, found.column, found.what, found.expected)
            elif found.expected:
                yield Wrong((*place, *found.place), found.what, found.expected)
            else:
                lacking = [name for name in found.choices if name not in stage.variables]
                yield Wrong((*place, *found.place), found.what, choices=lacking, written=found.place[-1])
