"""Runtime configuration: files that are there, readable, complete, and nobody else's."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from provisioning_assets.backends.backend import Settings
from provisioning_assets.engagement.config_files import ConfigFile, key, listed, read_config_file
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.places import Found, Place, Wrong, texts
from provisioning_assets.engagement.validation.differences import anothers, unknown
from provisioning_assets.engagement.validation.secret_values import secret_value_problems
from provisioning_assets.errors import ConfigurationError, Problem

_KEY = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")


def config_problems(engagement: Engagement) -> Iterator[Found]:
    """What is wrong with the configuration files: said where one is named, or at its own lines."""
    seen: dict[Path, ConfigFile] = {}
    for environment in engagement.environments:
        files: list[ConfigFile] = []
        unreadable: list[Found] = []
        for position, (written, name) in enumerate(listed(engagement, environment)):
            place = ("runtime_config", "files", position)
            try:
                files.append(read_config_file(engagement, written, name))
            except ConfigurationError as error:
                unreadable += [p if p.line else Wrong(place, f"{name}: {p.what}", p.expected) for p in error.problems]
        yield from unreadable
        for file in files if not unreadable else ():
            if file.document.file not in seen:
                provider = environment.runtime_config.provider
                yield from map(file.document.problem, _content(file, engagement.differences, provider))
            seen[file.document.file] = file
            yield from map(file.document.problem, _foreign(file, engagement, environment))
    yield from _complete(seen.values())


def prefix_problems(environment: Environment) -> Iterator[Wrong]:
    """The path under which the keys of the files live."""
    place, prefix = ("runtime_config", "prefix"), environment.runtime_config.prefix
    provider = environment.runtime_config.provider
    if not prefix.startswith("/") or not _KEY.fullmatch(prefix.removeprefix("/")):
        expected = "a `/` at the start and none at the end; between them letters, digits, `.`, `-` and `_`"
        yield Wrong(place, f"`{prefix}` is no path of keys", expected)
    elif (first := prefix.split("/")[1]).startswith(provider.reserved):
        yield Wrong(place, f"{provider.name} keeps paths that begin with /{first} to itself", "another path")


def _content(file: ConfigFile, differences: Iterable[str], provider: Settings) -> Iterator[Wrong]:
    """What is wrong with a file whoever reads it."""
    first: dict[str, Place] = {}
    for place, value in file.values.items():
        if first.setdefault(key(place), place) != place:
            what = f"the key {key(place)} is here twice; first in line {{}}"
            yield Wrong(place, what, "one of them", lines_of=(first[key(place)],))
        if key(place) in provider.reserved_keys:
            yield Wrong(place, f"the key {key(place)} is kept for {provider.name}'s own document", "another name")
        if value is None:
            yield Wrong(place, f"{key(place)} has no value", "a text, a number, true, false or a list")
        if not _KEY.fullmatch(key(place)):
            yield Wrong(place, f"`{key(place)}` is no key", "letters, digits, `.`, `-` and `_`")
    for place, text in texts(file.document.content):
        yield from unknown(place, text, differences)
    yield from secret_value_problems(file.document.content)


def _foreign(file: ConfigFile, engagement: Engagement, environment: Environment) -> Iterator[Wrong]:
    for place, text in texts(file.document.content):
        if said := anothers(text, engagement, environment):
            yield Wrong(place, f"{key(place)} {said}", f"{environment.name}'s own")


def _complete(files: Iterable[ConfigFile]) -> Iterator[Problem]:
    """A key of one environment's own file that another's lacks."""
    everything: dict[str, dict[str, str]] = {}
    own = [file for file in files if not file.shared]
    for file in own:
        for place in file.values:
            everything.setdefault(file.written, {}).setdefault(key(place), file.document.shown)
    for file in own:
        for missing in sorted(everything[file.written].keys() - set(map(key, file.values))):
            has = everything[file.written][missing]
            yield file.document.problem(Wrong((), f"the key {missing} is missing", f"it, because {has} has it"))
