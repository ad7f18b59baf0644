"""Runtime configuration files: YAML mappings, flattened to keys under the environment's prefix."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.document import REMEDY, Document, real, shown
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.placeholders import fill, names
from provisioning_assets.engagement.places import Place
from provisioning_assets.errors import ConfigurationError, Problem


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One file as one environment reads it."""

    document: Document
    written: str
    """Its name in the engagement file, before `${…}` was filled in."""
    values: dict[Place, Json]
    """Place in the file to text or None, before `${…}` is filled in; a list is one text with commas."""

    @property
    def shared(self) -> bool:
        """Whether every environment reads this file, rather than one of its own."""
        return not names(self.written) - {"engagement"}


def config_files(engagement: Engagement, environment: Environment) -> Iterator[ConfigFile]:
    """The environment's files in the order in which they count. `ConfigurationError` when one cannot be read."""
    for written, name in listed(engagement, environment):
        yield read_config_file(engagement, written, name)


def listed(engagement: Engagement, environment: Environment) -> Iterator[tuple[str, str]]:
    """Each file's name as it is written, and as this environment has it."""
    return zip(engagement.template["runtime_config"]["files"], environment.runtime_config.files, strict=True)


def read_config_file(engagement: Engagement, written: str, name: str) -> ConfigFile:
    """One file of the engagement's folder, flattened."""
    file = real(engagement.folder / name)
    if not file.is_relative_to(engagement.folder):
        raise ConfigurationError([Problem(name, 0, 0, "the file lies outside the engagement's folder")], remedy=REMEDY)
    document = Document(file, shown(file, engagement.repository))
    return ConfigFile(document, written, dict(_flat(document, document.content, ())))


def runtime_values(engagement: Engagement, environment: Environment) -> dict[str, str]:
    """Full key to value, as the environment's store is to hold them; a later file's key wins."""
    prefix = environment.runtime_config.prefix
    merged: dict[str, str] = {}
    for file in config_files(engagement, environment):
        for place, value in file.values.items():
            filled = fill(value, environment.values)
            merged[f"{prefix}/{key(place)}"] = filled if isinstance(filled, str) else json.dumps(filled)
    return merged


def runtime_layers(engagement: Engagement, environment: Environment) -> dict[str, Json]:
    """What all environments share: values of files that each of them reads, and the keys of their own files."""
    return {
        file.written: {key(p): v for p, v in file.values.items()} if file.shared else sorted(map(key, file.values))
        for file in config_files(engagement, environment)
    }


def key(place: Place) -> str:
    """The key of a place, below the prefix."""
    return "/".join(str(step) for step in place)


def _flat(document: Document, content: Json, place: Place) -> Iterator[tuple[Place, Json]]:
    if isinstance(content, dict):
        for step, value in content.items():
            yield from _flat(document, value, (*place, step))
    elif isinstance(content, list):
        texts = [_text(document, each, (*place, position)) for position, each in enumerate(content)]
        yield place, None if None in texts else ",".join(map(str, texts))
    else:
        yield place, _text(document, content, place)


def _text(document: Document, value: Json, place: Place) -> str | None:
    """A scalar as text; None for what is none, or empty."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value or None
    return document.as_written(place)
