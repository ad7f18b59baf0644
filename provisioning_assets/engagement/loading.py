"""`engagement.yaml` to an `Engagement`: every problem of the file at once, each with its place."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.document import Document, shown
from provisioning_assets.engagement.folders import FILE, find_engagements
from provisioning_assets.engagement.models import Engagement, EngagementFile, Environment, Header, Sections
from provisioning_assets.engagement.placeholders import names
from provisioning_assets.engagement.reading import read
from provisioning_assets.engagement.validation.rules import (
    ENGAGEMENT_RULES,
    ENVIRONMENT_RULES,
    REPOSITORY_RULES,
    TEXT_RULES,
    WRITTEN_RULES,
)
from provisioning_assets.engagement.validation.secret_values import without_secrets
from provisioning_assets.engagement.written import Written
from provisioning_assets.errors import ConfigurationError, Problem

__all__ = ["FILE", "find_engagements", "load_engagement"]

_REMEDY = "docs/engagement-file.md explains each key; `provisioning validate NAME` reads the file again"


def load_engagement(folder: Path) -> Engagement:
    """The engagement in a folder; `ConfigurationError` with everything that is wrong in it and its files."""
    listed, folder = folder.absolute(), folder.resolve()
    repository = _repository(folder)
    document = Document(folder / FILE, shown(folder / FILE, repository))
    content = document.content
    sections = {name: content[name] for name in Sections.model_fields if name in content}

    _, wrong = read(EngagementFile, content, filled=False)
    secrets = document.problems(each for rule in TEXT_RULES for each in rule(content))
    problems = [*document.problems(wrong), *secrets]

    header, wrong = read(Header, {key: value for key, value in content.items() if key not in sections})
    problems += document.problems(wrong, known=problems)
    if header is None:
        raise _wrong(problems, content if secrets else {})
    written = Written(header, sections, listed, folder, repository)
    problems += document.problems((each for rule in WRITTEN_RULES for each in rule(written)), known=secrets)

    environments: list[Environment] = []
    for settings in header.environments:
        environment, wrong = read(Environment, written.filled(settings))
        problems += document.problems(wrong, known=problems)
        if environment is not None:
            environments.append(environment)
            found = [each for rule in ENVIRONMENT_RULES for each in rule(environment)]
            found += [each for rule in REPOSITORY_RULES for each in rule(environment, repository)]
            problems += document.problems(found, known=problems)

    if len(environments) == len(header.environments):
        engagement = written.engagement(environments)
        unfilled = [each for each in problems if names(each.what)]
        found = [each for rule in ENGAGEMENT_RULES for each in rule(engagement)]
        problems += document.problems(found, known=[*secrets, *unfilled])
        if not problems:
            return engagement
    raise _wrong(problems, content if secrets else {})


def _wrong(problems: Iterable[Problem], content: Json) -> ConfigurationError:
    """All problems; a placeholder that is wrong is one mistake, however often it is used."""
    alike: dict[tuple[object, ...], list[Problem]] = {}
    for each in sorted(set(without_secrets(problems, content))):
        where = () if names(each.what) else (each.line, each.column)
        alike.setdefault((each.file, each.what, each.expected, *where), []).append(each)
    told = [replace(first, what=f"{first.what}{_more(rest)}") for first, *rest in alike.values()]
    return ConfigurationError(sorted(told), remedy=_REMEDY)


def _more(others: list[Problem]) -> str:
    if not others:
        return ""
    lines = sorted({each.line for each in others})
    return f" (also in line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))})"


def _repository(folder: Path) -> Path:
    """The repository that the engagement belongs to: its nearest parent that looks like one."""
    looks = (parent for parent in folder.parents if any((parent / m).exists() for m in ("pyproject.toml", ".git")))
    return next(looks, folder.parent.parent)
