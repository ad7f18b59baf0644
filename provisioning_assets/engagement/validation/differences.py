"""In what environments may differ: declared, complete, used, and nothing else."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.document import Document, Place
from provisioning_assets.engagement.models import Header, Sections
from provisioning_assets.engagement.placeholders import BUILT_IN, malformed, names
from provisioning_assets.engagement.wording import nearest
from provisioning_assets.errors import Problem

_ADDRESS = re.compile(r"[^\s@:;,]+@[^\s;,]+")
_TELLING = 4
"""Characters; a shorter value is found in too many texts to mean anything."""


def difference_problems(document: Document, header: Header, folder: Path) -> Iterator[Problem]:
    """What breaks a rule of this file."""
    used: set[str] = set()
    for section in Sections.model_fields:
        for place, text in document.texts((section,)):
            used |= names(text)
            yield from (document.problem(place, *said) for said in unknown(text, header.differences))
            yield from _hard_wired(document, place, text, header)
    used |= {name for text in _files(document, header, folder) for name in names(text)}
    yield from _declarations(document, header, used)


def unknown(text: str, differences: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with the placeholders of a text, and what was expected."""
    known = [*differences, *BUILT_IN]
    for name in sorted(names(text) - set(known)):
        yield f"`${{{name}}}` is not declared", nearest(name, known)
    for written in malformed(text):
        yield f"`{written}` is no placeholder", "`${name}`, or `$${` for a literal `${`"


def mentions(text: str, values: Mapping[str, Json], own: Mapping[str, Json]) -> str | None:
    """Name of the foreign value that a text holds; where one value is part of another, the longer one counts."""
    foreign = {v: name for name, v in values.items() if isinstance(v, str) and len(v) >= _TELLING}
    mine = {v for v in own.values() if isinstance(v, str) and v}
    known = sorted({*foreign, *mine}, key=len, reverse=True)
    found = re.findall("|".join(map(re.escape, known)), text) if known else []
    return next((foreign[value] for value in found if value not in mine), None)


def mentions_word(text: str, word: str) -> bool:
    """Whether the word stands in a text, not as part of a longer one."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", text) is not None


def _hard_wired(document: Document, place: Place, text: str, header: Header) -> Iterator[Problem]:
    """A section holds for every environment, so what is one environment's must be a placeholder."""
    if place[-1] in {"owner", "contact"}:
        return
    text = _ADDRESS.sub("", text)  # people keep their addresses in every environment
    for environment in header.environments:
        values = {name: d.values.get(environment.name) for name, d in header.differences.items()}
        if name := mentions(text, values, {}):
            what = f"{environment.name}'s `{name}` is written out, and every environment would get it"
            yield document.problem(place, what, f"`${{{name}}}`")
            return
    for environment in header.environments:
        if mentions_word(text, environment.name):
            what = f"`{environment.name}` is written out, and every environment would get it"
            yield document.problem(place, what, "`${environment}` or a declared difference")
            return


def _declarations(document: Document, header: Header, used: set[str]) -> Iterator[Problem]:
    environments = [environment.name for environment in header.environments]
    for name, difference in header.differences.items():
        place = ("differences", name)
        if name in BUILT_IN:
            yield document.problem(place, f"`{name}` is always there already", "another name")
        elif name not in used:
            what = f"the difference `{name}` is used nowhere"
            yield document.problem(place, what, f"`${{{name}}}` in a section, or no such difference")
        for environment in environments:
            if environment not in difference.values:
                yield document.problem((*place, "values"), f"`{name}` has no value for {environment}")
            elif difference.values[environment] is None:
                yield document.problem((*place, "values", environment), f"`{name}` is empty for {environment}")
        for environment in difference.values.keys() - set(environments):
            what = f"there is no environment {environment}"
            yield document.problem((*place, "values", environment), what, nearest(environment, environments))


def _files(document: Document, header: Header, folder: Path) -> Iterator[str]:
    """Texts of the configuration files and dashboards, as far as they can be read: placeholders work there, too."""
    dashboards = document.at(("monitoring", "dashboards"))
    listed = [document.at(("runtime_config", "files"))]
    listed.append([d.get("file") for d in dashboards if isinstance(d, dict)] if isinstance(dashboards, list) else [])
    for name in (name for some in listed if isinstance(some, list) for name in some if isinstance(name, str)):
        for environment in header.environments:
            with suppress(OSError):  # a file that cannot be read is another rule's matter
                file = folder / name.replace("${environment}", environment.name)
                yield file.read_text(encoding="utf-8", errors="replace")
