"""Lists: nothing is in one twice. Whoever works by name would do one of the two, and call both done."""

from collections.abc import Iterator

from pydantic import BaseModel

from provisioning_assets.engagement.models import Environment, Header
from provisioning_assets.engagement.places import Place, Wrong
from provisioning_assets.engagement.sections import Record
from provisioning_assets.engagement.written import Written


def repeat_problems(environment: Environment) -> Iterator[Wrong]:
    """What is twice in a list of an environment's sections."""
    yield from _repeats(environment, ())


def header_repeat_problems(written: Written) -> Iterator[Wrong]:
    """What is twice in a list of the header: environments, people."""
    header: Header = written.header
    yield from _repeats(header, ())


def _repeats(model: BaseModel, place: Place) -> Iterator[Wrong]:
    for key, value in model:
        if isinstance(value, BaseModel):
            yield from _repeats(value, (*place, key))
        elif isinstance(value, tuple):
            yield from _twice(value, (*place, key))


def _twice(items: tuple[object, ...], place: Place) -> Iterator[Wrong]:
    listed: set[object] = set()
    for position, item in enumerate(items):
        here = (*place, position)
        name = _name(item)
        if name in listed:
            if isinstance(item, str):
                yield Wrong(here, f"`{name}` is listed twice", "each once")
            elif isinstance(item, Record):
                yield Wrong(here, f"{name} is listed twice", "one entry with all values")
            else:
                yield Wrong((*here, "name"), f"there are two {place[-1]} called {name}", "a name of its own")
        listed.add(name)
        if isinstance(item, BaseModel):
            yield from _repeats(item, here)


def _name(item: object) -> object:
    """What an item is known by among its like."""
    if isinstance(item, Record):
        return f"{item.name} {item.type}"
    return getattr(item, "name", item)
