"""Runtime configuration files: YAML mappings, flattened to keys under the environment's prefix."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from provisioning_assets.errors import ConfigurationError, Problem
from provisioning_assets.plan import Json
from provisioning_assets.spec.document import Document
from provisioning_assets.spec.engagement import Engagement, Environment
from provisioning_assets.spec.placeholders import fill


def runtime_values(engagement: Engagement, environment: Environment) -> dict[str, str]:
    """Full key to value, as the environment's store is to hold them; a later file's key wins."""
    prefix = environment.runtime_config.prefix.rstrip("/")
    merged: dict[str, str] = {}
    for name in environment.runtime_config.files:
        content = fill(_read(engagement, name).content, environment.values)
        merged |= {f"{prefix}/{key}": text for key, text in _flat(content) if text is not None}
    return merged


def runtime_layers(engagement: Engagement, environment: Environment) -> dict[str, Json]:
    """What all environments share: values of files that each of them reads, and the keys of their own files."""
    layers: dict[str, Json] = {}
    for written, name in zip(
        engagement.template["runtime_config"]["files"], environment.runtime_config.files, strict=True
    ):
        content = dict(_flat(_read(engagement, name).content))
        layers[written] = sorted(content) if "${environment}" in written else content
    return layers


def problems_of_config(document: Document, engagement: Engagement) -> Iterator[Problem]:
    """Missing or unreadable files, keys that another environment's file lacks, values of another environment."""
    problems = [*_unreadable(document, engagement)]
    yield from problems
    if not problems:
        yield from _lopsided(engagement)
        for environment in engagement.environments:
            yield from _foreign(engagement, environment)


def _unreadable(document: Document, engagement: Engagement) -> Iterator[Problem]:
    for environment in engagement.environments:
        for position, name in enumerate(environment.runtime_config.files):
            try:
                yield from _nulls(_read(engagement, name))
            except ConfigurationError as error:
                if (engagement.folder / name).exists():
                    yield from error.problems
                else:
                    yield document.problem(("runtime_config", "files", position), f"there is no file {name}")


def _lopsided(engagement: Engagement) -> Iterator[Problem]:
    """Keys that one environment's own file has and another's lacks."""
    for position, written in enumerate(engagement.template["runtime_config"]["files"]):
        if "${environment}" not in written:
            continue
        own = {each.name: each.runtime_config.files[position] for each in engagement.environments}
        keys = {name: {key for key, _ in _flat(_read(engagement, file).content)} for name, file in own.items()}
        everything = set[str]().union(*keys.values())
        for name, found in keys.items():
            shown = _shown(engagement, engagement.folder / own[name])
            for key in sorted(everything - found):
                yield Problem(shown, 0, 0, f"the key {key} is missing here; another environment has it")


def _foreign(engagement: Engagement, environment: Environment) -> Iterator[Problem]:
    """A staging URL in production is refused before it is written."""
    own = [str(value) for value in environment.values.values()]
    for other in engagement.environments:
        for name, value in other.values.items():
            told = isinstance(value, str) and value and not any(value in mine for mine in own)
            if other.name == environment.name or not told:
                continue
            for key, text in runtime_values(engagement, environment).items():
                if str(value) in text:
                    shown = _shown(engagement, engagement.folder / environment.runtime_config.files[-1])
                    yield Problem(
                        shown, 0, 0, f"{key} holds {other.name}'s {name} ({value})", f"{environment.name}'s own"
                    )


def _read(engagement: Engagement, name: str) -> Document:
    file = engagement.folder / name
    return Document(file, _shown(engagement, file))


def _shown(engagement: Engagement, file: Path) -> str:
    return (
        file.relative_to(engagement.repository).as_posix() if file.is_relative_to(engagement.repository) else str(file)
    )


def _nulls(file: Document) -> Iterator[Problem]:
    for key, text in _flat(file.content):
        if text is None:
            yield file.problem(tuple(key.split("/")), f"{key} has no value", "a text, a number, true or false")


def _flat(content: Any, path: str = "") -> Iterator[tuple[str, str | None]]:
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _flat(value, f"{path}/{key}" if path else str(key))
    elif isinstance(content, list):
        yield path, ",".join(str(each) for each in content)
    elif isinstance(content, bool):
        yield path, "true" if content else "false"
    else:
        yield path, None if content is None else str(content)
