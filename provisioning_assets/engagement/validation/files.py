"""The files that an engagement names: there, readable, complete, and nobody else's."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from provisioning_assets.core.plan import digest
from provisioning_assets.engagement.config_files import ConfigFile, config_files, key, read_config_file
from provisioning_assets.engagement.document import shown
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.places import Found, Place, Wrong, texts
from provisioning_assets.engagement.validation.differences import mentions, mentions_word, unknown
from provisioning_assets.engagement.validation.secret_values import secret_value_problems
from provisioning_assets.errors import ConfigurationError, Problem

_KEY = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")


def config_problems(engagement: Engagement) -> Iterator[Found]:
    """What is wrong with the configuration files: said where one is named, or at the lines of its own."""
    seen: dict[Path, ConfigFile] = {}
    for environment in engagement.environments:
        try:
            found = list(config_files(engagement, environment))
        except ConfigurationError:
            found = []
            for position, name in enumerate(environment.runtime_config.files):
                yield from _readable(("runtime_config", "files", position), engagement, name)
        for file in found:
            if file.document.file not in seen:
                yield from map(file.document.problem, _content(file, engagement.differences))
            seen[file.document.file] = file
            yield from map(file.document.problem, _foreign(file, engagement, environment))
    yield from _complete(seen.values())


def dashboard_problems(engagement: Engagement) -> Iterator[Found]:
    """What is wrong with the dashboards, in each environment."""
    for environment in engagement.environments:
        for position, dashboard in enumerate(environment.monitoring.dashboards):
            yield from _dashboard(
                ("monitoring", "dashboards", position, "file"), engagement, environment, dashboard.file
            )


def prefix_problems(environment: Environment) -> Iterator[Wrong]:
    """The path under which the keys of the files live."""
    prefix = environment.runtime_config.prefix
    if not prefix.startswith("/") or prefix.endswith("/"):
        what = f"`{prefix}` is no path of keys"
        yield Wrong(("runtime_config", "prefix"), what, "a `/` at the start and none at the end")


def _readable(place: Place, engagement: Engagement, name: str) -> Iterator[Found]:
    """Why a configuration file cannot be read."""
    try:
        read_config_file(engagement, name, name)
    except ConfigurationError as error:
        for problem in error.problems:
            yield problem if problem.line else Wrong(place, f"{name}: {problem.what}", problem.expected)


def _content(file: ConfigFile, differences: Iterable[str]) -> Iterator[Wrong]:
    """What is wrong with a file whoever reads it."""
    for place, value in file.values.items():
        if value is None:
            yield Wrong(place, f"{key(place)} has no value", "a text, a number, true, false or a list")
        if not _KEY.fullmatch(key(place)):
            yield Wrong(place, f"`{key(place)}` is no key", "letters, digits, `.`, `-` and `_`")
    for place, text in texts(file.document.content):
        yield from unknown(place, text, differences)
    yield from secret_value_problems(file.document.content)


def _foreign(file: ConfigFile, engagement: Engagement, environment: Environment) -> Iterator[Wrong]:
    for place, text in texts(file.document.content):
        if said := _anothers(text, engagement, environment):
            yield Wrong(place, f"{key(place)} {said}", f"{environment.name}'s own")


def _anothers(text: str, engagement: Engagement, environment: Environment) -> str | None:
    """What a text of this environment holds that is another's."""
    names = [each.name for each in engagement.environments]
    for other in engagement.environments:
        if other.name == environment.name:
            continue
        values = {name: v for name, v in other.values.items() if name in engagement.differences}
        if name := mentions(text, values, environment.values):
            return f"would give {environment.name} what is {other.name}'s `{name}` ({values[name]})"
        # An earlier environment's name is a mistake; a later one's and `production` are modes, too (`NODE_ENV`).
        earlier = names.index(other.name) < names.index(environment.name)
        if earlier and other.name != "production" and mentions_word(text, other.name):
            return f"names {other.name}, and {environment.name} would get it"
    return None


def _dashboard(place: Place, engagement: Engagement, environment: Environment, name: str) -> Iterator[Found]:
    file = (engagement.folder / name).resolve()
    if not file.is_relative_to(engagement.folder):
        yield Wrong(place, f"{name} lies outside the engagement's folder")
        return
    told = shown(file, engagement.repository)
    try:
        text = file.read_text(encoding="utf-8")
        body = json.loads(text)
        digest(body)  # which numbers that JSON has no canonical form for do not have
    except OSError as error:
        yield Wrong(place, f"{name} cannot be read: {error.strerror}", "a file in the engagement's folder")
        return
    except json.JSONDecodeError as error:
        yield Problem(told, error.lineno, error.colno, f"not JSON: {error.msg}")
        return
    except (ValueError, RecursionError) as error:
        yield Problem(told, 0, 0, f"not JSON: {error}")
        return
    if not isinstance(body, dict) or not body.get("widgets"):
        yield Problem(told, 1, 1, "the dashboard has no widgets", "a list under `widgets`")
    for number, line in enumerate(text.splitlines(), 1):
        for wrong in unknown((), line, engagement.differences):
            yield Problem(told, number, line.find("${") + 1, wrong.what, wrong.wanted)
        if held := _anothers(line, engagement, environment):
            yield Problem(told, number, 1, f"the dashboard {held}", f"{environment.name}'s own")


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
