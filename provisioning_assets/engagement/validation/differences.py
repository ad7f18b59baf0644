"""In what environments may differ: declared, complete, used, and nothing else."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.models import Engagement, Environment, Header
from provisioning_assets.engagement.placeholders import BUILT_IN, malformed, names
from provisioning_assets.engagement.places import Place, Wrong, at, texts
from provisioning_assets.engagement.written import Written

_ADDRESS = re.compile(r"(?<![^\s@:;,])[^\s@:;,]+@[^\s;,]+")
_TELLING = 4
"""Characters; a shorter value is found in too many texts to mean anything."""


def difference_problems(written: Written) -> Iterator[Wrong]:
    """What breaks a rule of this file."""
    used = {name for text in _files(written) for name in names(text)}
    for place, text in texts(written.sections):
        used |= names(text)
        yield from unknown(place, text, written.header.differences)
        yield from _hard_wired(place, text, written.header)
    yield from _declarations(written.header, used)


def unknown(place: Place, text: str, differences: Iterable[str]) -> Iterator[Wrong]:
    """What is wrong with the placeholders of a text."""
    known = [*differences, *BUILT_IN]
    for name in sorted(names(text) - set(known)):
        yield Wrong(place, f"`${{{name}}}` is not declared", choices=known, written=name)
    for found in malformed(text):
        yield Wrong(place, f"`{found}` is no placeholder", "`${name}`, or `$${` for a literal `${`")


def anothers(text: str, engagement: Engagement, environment: Environment) -> str | None:
    """What a text that this environment gets holds of another one."""
    order = [each.name for each in engagement.environments]
    for other in engagement.environments:
        if other.name == environment.name:
            continue
        values = {name: v for name, v in other.values.items() if name in engagement.differences}
        if name := mentions(text, values, environment.values):
            return f"would give {environment.name} what is {other.name}'s `{name}` ({values[name]})"
        # An earlier environment's name is a mistake; a later one's is a mode, too (`NODE_ENV: production`).
        earlier = order.index(other.name) < order.index(environment.name)
        if earlier and _mentions_word(text, other.name):
            return f"names {other.name}, and {environment.name} would get it"
    return None


def mentions(text: str, values: Mapping[str, Json], own: Mapping[str, Json]) -> str | None:
    """Name of the foreign value that a text holds; where one value is part of another, the longer one counts."""
    foreign = {v: name for name, v in values.items() if isinstance(v, str) and len(v) >= _TELLING}
    mine = {v for v in own.values() if isinstance(v, str) and v}
    known = sorted({*foreign, *mine}, key=len, reverse=True)
    found = re.findall("|".join(map(re.escape, known)), text) if known else []
    return next((foreign[value] for value in found if value not in mine), None)


def _hard_wired(place: Place, text: str, header: Header) -> Iterator[Wrong]:
    """A section holds for every environment, so what is one environment's must be a placeholder."""
    if place[-1] in {"owner", "contact"}:
        return
    text = _ADDRESS.sub("", text)  # people keep their addresses in every environment
    for environment in header.environments:
        values = {name: d.values.get(environment.name) for name, d in header.differences.items()}
        if name := mentions(text, values, {}):
            what = f"{environment.name}'s `{name}` is written out, and every environment would get it"
            yield Wrong(place, what, f"`${{{name}}}`")
            return
    for environment in header.environments:
        if _mentions_word(text, environment.name):
            what = f"`{environment.name}` is written out, and every environment would get it"
            yield Wrong(place, what, "`${environment}` or a declared difference")
            return


def _declarations(header: Header, used: set[str]) -> Iterator[Wrong]:
    environments = [environment.name for environment in header.environments]
    for name, difference in header.differences.items():
        place = ("differences", name)
        if name in BUILT_IN:
            yield Wrong(place, f"`{name}` is always there already", "another name")
        elif name not in used:
            what = f"the difference `{name}` is used nowhere"
            yield Wrong(place, what, f"`${{{name}}}` in a section, or no such difference")
        for environment in environments:
            if environment not in difference.values:
                yield Wrong((*place, "values"), f"`{name}` has no value for {environment}")
            elif difference.values[environment] is None:
                yield Wrong((*place, "values", environment), f"`{name}` is empty for {environment}")
        for other in difference.values.keys() - set(environments):
            lacking = [each for each in environments if each not in difference.values]
            what = f"there is no environment {other}"
            yield Wrong((*place, "values", other), what, choices=lacking, written=other)


def _files(written: Written) -> Iterator[str]:
    """Texts of the configuration files and dashboards, as far as they can be read: placeholders work there, too."""
    dashboards = at(written.sections, ("monitoring", "dashboards"))
    listed = [at(written.sections, ("runtime_config", "files"))]
    listed.append([d.get("file") for d in dashboards if isinstance(d, dict)] if isinstance(dashboards, list) else [])
    for name in (name for some in listed if isinstance(some, list) for name in some if isinstance(name, str)):
        for environment in written.header.environments:
            with suppress(OSError):  # a file that cannot be read is another rule's matter
                file = written.folder / name.replace("${environment}", environment.name)
                if file.is_file():  # nobody waits for a pipe
                    yield file.read_text(encoding="utf-8", errors="replace")


def _mentions_word(text: str, word: str) -> bool:
    """Whether the word stands in a text, not as part of a longer one."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", text) is not None
