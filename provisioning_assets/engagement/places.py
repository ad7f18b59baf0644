"""Places in the content of a file, and what is wrong at them before anybody asks for the line."""

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from provisioning_assets.core.plan import Json
from provisioning_assets.errors import Problem

Place = tuple[str | int, ...]
"""Keys and positions from the top of the file to a value."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong at a place of the engagement file."""

    place: Place
    what: str
    expected: str = ""
    choices: Collection[str] | None = None
    """The names that are known there, if one of them was expected."""
    written: str = ""
    """The name that is none of the choices: the nearest of them is told, else all."""
    lines_of: tuple[Place, ...] = ()
    """Other places, whose lines stand in `what` for each `{}`."""

    @property
    def wanted(self) -> str:
        """What was expected, in words."""
        if not self.choices:
            return self.expected.removesuffix(":") or ("" if self.choices is None else "nothing else")
        near = difflib.get_close_matches(self.written, self.choices, n=1)
        listed = [f"`{name}`" for name in near or sorted(self.choices)]
        named = " or ".join(filter(None, [", ".join(listed[:-1]), listed[-1]]))
        return f"{self.expected} {named}".lstrip()


Found = Wrong | Problem
"""What a rule yields: a problem stands in another file than the engagement's own, whose lines the rule knows."""


def at(content: Json, place: Place) -> Json:
    """The value at a place; None when there is none."""
    for step in place:
        try:
            content = content[step]
        except (KeyError, IndexError, TypeError):
            return None
    return content


def texts(content: Json, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every text in the content with its place, keys not included."""
    if isinstance(content, str):
        yield place, content
    elif isinstance(content, dict):
        for key, each in content.items():
            yield from texts(each, (*place, key))
    elif isinstance(content, list):
        for position, each in enumerate(content):
            yield from texts(each, (*place, position))
