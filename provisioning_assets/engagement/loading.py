"""`engagement.yaml` to an `Engagement`: every problem of the file at once, each with its place."""

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.document import Document, Place
from provisioning_assets.engagement.models import (
    Engagement,
    EngagementFile,
    Environment,
    EnvironmentSettings,
    Header,
    Sections,
)
from provisioning_assets.engagement.placeholders import fill
from provisioning_assets.engagement.validation import rules
from provisioning_assets.engagement.wording import in_words
from provisioning_assets.errors import ConfigurationError, Problem

FILE = "engagement.yaml"
_REMEDY = "docs/engagement-file.md explains each key; `provisioning validate NAME` reads the file again"

_SOMEBODY = {"name": "-", "email": "-"}
_PRESUMED: Mapping[str, Json] = {
    "schema": 1,
    "client": "-",
    "promotion": "incremental",
    "launch": {
        "freeze": "2026-01-01T00:00:00Z",
        "window": {"opens": "2026-01-02T00:00:00Z", "closes": "2026-01-03T00:00:00Z"},
    },
    "roles": {
        "launch_commander": _SOMEBODY,
        "operators": {"agency": [_SOMEBODY], "client": [_SOMEBODY]},
        "on_call": [_SOMEBODY],
    },
}
"""Stands in for what is wrong there, so that the rest of the file is judged in the same go; never used otherwise."""

M = TypeVar("M", bound=BaseModel)


def find_engagements(root: Path) -> list[Path]:
    """Folders below `root`, sorted by name. One without an engagement file is one, too: loading it says so."""
    return sorted(folder for folder in root.glob("[!._]*") if folder.is_dir())


def load_engagement(folder: Path) -> Engagement:
    """The engagement in a folder; `ConfigurationError` with everything that is wrong in it and its files."""
    folder = folder.resolve()
    repository = _repository(folder)
    document = read(folder / FILE, repository)
    problems = [*_shape(document), *rules.of_text(document)]
    header, wrong = _validated(Header, {k: v for k, v in document.content.items() if k not in Sections.model_fields})
    problems.extend(_new(_words(document, wrong, Header), problems))
    if header is None:
        raise ConfigurationError(sorted(set(problems)), remedy=_REMEDY)
    problems.extend(rules.of_header(document, header, folder))
    environments: list[Environment] = []
    for settings in header.environments:
        environment, wrong = _environment(document, header, settings)
        problems.extend(_new(_words(document, wrong, Environment), problems))
        if environment is not None:
            environments.append(environment)
            problems.extend(_new(rules.of_environment(document, environment, repository), problems))
    if len(environments) == len(header.environments):
        engagement = _engagement(document, header, environments, folder, repository)
        problems.extend(rules.of_engagement(document, engagement))
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
        safety=header.safety,
        differences=header.differences,
        environments=tuple(environments),
        template=_sections(document),
        folder=folder,
        repository=repository,
    )


def _sections(document: Document) -> dict[str, Json]:
    return {name: document.content[name] for name in Sections.model_fields if name in document.content}


def _environment(
    document: Document, header: Header, settings: EnvironmentSettings
) -> tuple[Environment | None, ValidationError | None]:
    """The sections as one environment has them, and what is wrong with them."""
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
    _, wrong = _validated(EngagementFile, document.content)
    if wrong is not None:
        yield from in_words(document, wrong, EngagementFile, filled=False)


def _words(document: Document, wrong: ValidationError | None, model: type[BaseModel]) -> Iterator[Problem]:
    return in_words(document, wrong, model, filled=True) if wrong else iter(())


def _validated(model: type[M], content: Json) -> tuple[M | None, ValidationError | None]:
    """The model, and what is wrong; both, when it can be read without its unknown keys and presumed ones.

    By way of JSON, where strict means no guess: 60 in quotes is no number, 90 is no period.
    """
    try:
        return model.model_validate_json(json.dumps(content), strict=True), None
    except ValidationError as error:
        readable = copy.deepcopy(content)
        for detail in error.errors(include_url=False):
            if detail["loc"] and detail["loc"][0] in _PRESUMED:
                readable[detail["loc"][0]] = _PRESUMED[str(detail["loc"][0])]
            elif detail["type"] == "extra_forbidden":
                _drop(readable, detail["loc"])
        try:
            return model.model_validate_json(json.dumps(readable), strict=True), error
        except ValidationError:
            return None, error


def _drop(content: Json, place: Place) -> None:
    with suppress(KeyError, IndexError, TypeError):  # inside one of several forms the place is not the file's
        for step in place[:-1]:
            content = content[step]
        content.pop(place[-1])


def _new(found: Iterable[Problem], known: list[Problem]) -> list[Problem]:
    """Problems at places where none is known yet: what is wrong in each environment is said once."""
    places = {(problem.file, problem.line, problem.column) for problem in known}
    return [problem for problem in found if (problem.file, problem.line, problem.column) not in places]


def _repository(folder: Path) -> Path:
    """The repository that the engagement belongs to: its nearest parent that looks like one."""
    looks = (parent for parent in folder.parents if any((parent / m).exists() for m in ("pyproject.toml", ".git")))
    return next(looks, folder.parent.parent)
