"""`engagement.yaml` to an `Engagement`: every problem of the file at once, each with its place."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from provisioning_assets.errors import ConfigurationError, Problem
from provisioning_assets.plan import Json
from provisioning_assets.spec import rules
from provisioning_assets.spec.document import Document
from provisioning_assets.spec.engagement import (
    Engagement,
    EngagementFile,
    Environment,
    EnvironmentSettings,
    Header,
    Sections,
)
from provisioning_assets.spec.placeholders import fill
from provisioning_assets.spec.wording import in_words

FILE = "engagement.yaml"
_REMEDY = "docs/engagement-file.md explains each key; `provisioning check NAME` reads the file again"

M = TypeVar("M", bound=BaseModel)


def find_engagements(root: Path) -> list[Path]:
    """Folders below `root` that hold an engagement file, sorted by name."""
    return sorted(file.parent for file in root.glob(f"*/{FILE}"))


def load_engagement(folder: Path) -> Engagement:
    """The engagement in a folder; `ConfigurationError` with everything that is wrong in it and its files."""
    folder = folder.resolve()
    repository = _repository(folder)
    document = read(folder / FILE, repository)
    problems = [*_shape(document), *rules.of_text(document)]
    header = _validated(Header, {k: v for k, v in document.content.items() if k not in Sections.model_fields})
    if isinstance(header, ValidationError):  # `_shape` has said so
        raise ConfigurationError(sorted(set(problems)), remedy=_REMEDY)
    problems.extend(rules.of_header(document, header, folder))
    environments: list[Environment] = []
    for settings in header.environments:
        environment = _environment(document, header, settings)
        if isinstance(environment, Environment):
            environments.append(environment)
            problems.extend(_new(rules.of_environment(document, environment, repository), problems))
        else:
            problems.extend(_new(in_words(document, environment, Environment, filled=True), problems))
    if len(environments) == len(header.environments):
        engagement = _engagement(document, header, environments, folder, repository)
        problems.extend(rules.of_files(document, engagement))
        if not problems:
            return engagement
    raise ConfigurationError(sorted(set(problems)), remedy=_REMEDY)


def read(file: Path, repository: Path) -> Document:
    """A YAML file, named for people relative to the repository."""
    return Document(file, file.relative_to(repository).as_posix() if file.is_relative_to(repository) else str(file))


def _engagement(
    document: Document, header: Header, environments: Iterable[Environment], folder: Path, repository: Path
) -> Engagement:
    return Engagement(
        name=header.engagement,
        client=header.client,
        promotion=header.promotion,
        launch=header.launch,
        roles=header.roles,
        differences=header.differences,
        environments=tuple(environments),
        template=_sections(document),
        folder=folder,
        repository=repository,
    )


def _sections(document: Document) -> dict[str, Json]:
    return {name: document.content[name] for name in Sections.model_fields if name in document.content}


def _environment(document: Document, header: Header, settings: EnvironmentSettings) -> Environment | ValidationError:
    """The sections as one environment has them."""
    values: dict[str, Json] = {
        name: difference.values[settings.name]
        for name, difference in header.differences.items()
        if settings.name in difference.values
    }
    values |= {"engagement": header.engagement, "environment": settings.name, "region": settings.region}
    filled = {name: fill(section, values) for name, section in _sections(document).items()}
    return _validated(Environment, {**filled, **settings.model_dump(mode="json"), "values": values})


def _shape(document: Document) -> Iterator[Problem]:
    """What is wrong with keys and types, before anything is filled in."""
    error = _validated(EngagementFile, document.content)
    if isinstance(error, ValidationError):
        yield from in_words(document, error, EngagementFile, filled=False)


def _validated(model: type[M], content: Json) -> M | ValidationError:
    """The model; by way of JSON, where strict means no guess: 60 in quotes is no number, 90 is no period."""
    try:
        return model.model_validate_json(json.dumps(content), strict=True)
    except ValidationError as error:
        return error


def _new(found: Iterable[Problem], known: list[Problem]) -> list[Problem]:
    """Problems at places where none is known yet: what is wrong in each environment is said once."""
    places = {(problem.line, problem.column) for problem in known}
    return [problem for problem in found if (problem.line, problem.column) not in places]


def _repository(folder: Path) -> Path:
    """The repository that the engagement belongs to: its nearest parent that looks like one."""
    looks = (parent for parent in folder.parents if any((parent / m).exists() for m in ("pyproject.toml", ".git")))
    return next(looks, folder.parent.parent)
