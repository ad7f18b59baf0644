"""`engagement.yaml` to an `Engagement`: every problem of the file at once, each with its place."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from provisioning_assets.errors import ConfigurationError, Problem
from provisioning_assets.spec import rules
from provisioning_assets.spec.document import Document
from provisioning_assets.spec.engagement import Engagement, EngagementFile, Environment, Sections
from provisioning_assets.spec.placeholders import fill

FILE = "engagement.yaml"
SECTIONS = tuple(Sections.model_fields)
_REMEDY = "docs/engagement-file.md explains each key; provisioning check NAME reads the file again"


def find_engagements(root: Path) -> list[Path]:
    """Folders below `root` that hold an engagement file, sorted by name."""
    return sorted(file.parent for file in root.glob(f"*/{FILE}"))


def load_engagement(folder: Path) -> Engagement:
    """The engagement in a folder; `ConfigurationError` with everything that is wrong in it."""
    folder = folder.resolve()
    repository = _repository(folder)
    file = folder / FILE
    shown = file.relative_to(repository).as_posix() if file.is_relative_to(repository) else str(file)
    document = Document(file, shown)
    problems = list(_shape(document))
    if problems:
        raise ConfigurationError(problems, remedy=_REMEDY)
    written = EngagementFile.model_validate(document.content)
    problems = list(rules.before_filling(document, written, folder))
    environments, more = _environments(document, written)
    if not problems and not more:
        engagement = _engagement(document, written, environments, folder, repository)
        more = list(rules.after_filling(document, engagement))
        if not more:
            return engagement
    raise ConfigurationError(list(dict.fromkeys([*problems, *more])), remedy=_REMEDY)


def _engagement(
    document: Document, written: EngagementFile, environments: list[Environment], folder: Path, repository: Path
) -> Engagement:
    return Engagement(
        name=written.engagement,
        client=written.client,
        promotion=written.promotion,
        launch=written.launch,
        roles=written.roles,
        differences=written.differences,
        environments=tuple(environments),
        template={name: document.content[name] for name in SECTIONS},
        folder=folder,
        repository=repository,
    )


def _environments(document: Document, written: EngagementFile) -> tuple[list[Environment], list[Problem]]:
    """The sections as each environment has them; what is wrong only after filling in."""
    found: list[Environment] = []
    problems: list[Problem] = []
    sections = {name: document.content[name] for name in SECTIONS}
    for settings in written.environments:
        values: dict[str, Any] = {
            name: difference.values[settings.name]
            for name, difference in written.differences.items()
            if settings.name in difference.values
        }
        values |= {"engagement": written.engagement, "environment": settings.name, "region": settings.region}
        own = {"name": settings.name, "region": settings.region, "state": settings.state, "values": values}
        try:
            found.append(Environment.model_validate({**_filled(sections, values), **own}))
        except ValidationError as error:
            problems.extend(_problems(document, error, Environment))
    return found, problems


def _filled(sections: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    filled = fill(dict(sections), values)
    assert isinstance(filled, dict)  # noqa: S101 - a mapping stays a mapping
    return filled


def _shape(document: Document) -> Iterator[Problem]:
    """What is wrong with keys and types, before anything is filled in."""
    try:
        EngagementFile.model_validate(document.content)
    except ValidationError as error:
        yield from _problems(document, error, EngagementFile)


def _problems(document: Document, error: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
    """Pydantic's errors in plain words, at the line that they are about."""
    unions: set[tuple[Any, ...]] = set()
    for detail in error.errors(include_url=False, include_context=True):
        path = tuple(step for step in detail["loc"] if not _names_a_model(step))
        if path[:-1] != detail["loc"][:-1] and detail["type"] in {"missing", "extra_forbidden"}:
            # A choice between forms: one sentence about the choice, not one for each form.
            path = detail["loc"][: next(i for i, step in enumerate(detail["loc"]) if _names_a_model(step))]
            if path not in unions:
                unions.add(path)
                yield document.problem(
                    path, f"`{path[-1]}` has none of the known forms", "one of generate, environment, file"
                )
            continue
        yield _in_words(document, path, detail, model)


def _names_a_model(step: str | int) -> bool:
    return isinstance(step, str) and step[:1].isupper()


def _in_words(document: Document, path: tuple[str | int, ...], detail: Any, model: type[BaseModel]) -> Problem:
    kind, last = detail["type"], path[-1] if path else ""
    if kind == "missing":
        return document.problem(path[:-1], f"the key `{last}` is missing")
    if kind == "extra_forbidden":
        known = _keys_at(model, path[:-1])
        near = difflib.get_close_matches(str(last), known, n=1)
        expected = f"`{near[0]}`" if near else "one of " + ", ".join(sorted(known))
        return document.problem(path, f"the key `{last}` is unknown", expected)
    given = detail.get("input")
    shown = f" (it is {given!r})" if isinstance(given, (str, int, float, bool)) and len(str(given)) < 60 else ""  # noqa: PLR2004 - a line of text
    return document.problem(path, f"`{_dotted(path)}`: {detail['msg'][:1].lower()}{detail['msg'][1:]}{shown}")


def _dotted(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _keys_at(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Keys that the model knows at a path."""
    current: Any = model
    for step in path:
        if isinstance(step, str) and isinstance(current, type) and issubclass(current, BaseModel):
            fields = {field.alias or name: field for name, field in current.model_fields.items()}
            current = _model_in(fields[step].annotation) if step in fields else None
    if not (isinstance(current, type) and issubclass(current, BaseModel)):
        return []
    return [field.alias or name for name, field in current.model_fields.items()]


def _model_in(annotation: Any) -> Any:
    """The model inside an annotation such as `tuple[Record, ...]` or `dict[str, Difference]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part)) is not None), None)


def _repository(folder: Path) -> Path:
    """The repository that the engagement belongs to: its nearest parent that looks like one."""
    parents = [
        parent for parent in folder.parents if (parent / "pyproject.toml").exists() or (parent / ".git").exists()
    ]
    return parents[0] if parents else folder.parent.parent
