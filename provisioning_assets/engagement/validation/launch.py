"""The launch window, the order of promotion, and who keeps whose state."""

from collections.abc import Iterator

from provisioning_assets.engagement.models import EnvironmentSettings, Header, Launch
from provisioning_assets.engagement.places import Wrong
from provisioning_assets.engagement.products import needs
from provisioning_assets.engagement.written import Written

_PRODUCTION = "production"
"""The position decides what goes live; what is called so anywhere else was meant to, and nothing would hold it."""


def launch_problems(written: Written) -> Iterator[Wrong]:
    """What breaks a rule of this file."""
    name, folder = written.header.engagement, written.listed.name
    if name != folder:
        what = f"the engagement is called {name} and its folder {folder}"
        yield Wrong(("engagement",), what, f"`{folder}`, or the folder renamed")
    yield from _dates(written.header.launch)
    yield from _gate(written.header)
    yield from _environments(written.header.environments)


def _dates(launch: Launch) -> Iterator[Wrong]:
    window, freeze = launch.window, launch.freeze
    if window.closes <= window.opens:
        place = ("launch", "window", "closes")
        yield Wrong(place, "the launch window closes before it opens", f"a time after {window.opens}")
    if freeze > window.opens:
        what = "the freeze begins after the launch window opens"
        yield Wrong(("launch", "freeze"), what, f"a time before {window.opens}")


def _gate(header: Header) -> Iterator[Wrong]:
    """The last environment goes live, and the one before it holds the gate; without one, somebody answers for that."""
    first, *later = header.environments
    if not later and header.single_environment is None:
        what = f"{first.name} has no environment before it: nothing would be tried before it is live"
        expected = "an earlier environment, or `single_environment: {owner: …, reason: …}` at the top of the file"
        yield Wrong(("environments", 0), what, expected)
    elif later and header.single_environment is not None:
        what = f"there are {len(header.environments)} environments, not one"
        yield Wrong(("single_environment",), what, "no such key")
    last = header.environments[-1].name
    for position, environment in enumerate(header.environments[:-1]):
        if environment.name == _PRODUCTION != last:
            what = f"{last} is last, so it goes live: {_PRODUCTION} would have no freeze"
            yield Wrong(("environments", position, "name"), what, f"{_PRODUCTION} last")


def _environments(found: tuple[EnvironmentSettings, ...]) -> Iterator[Wrong]:
    for position, environment in enumerate(found):
        place, earlier = ("environments", position), found[:position]
        sharing = [each.name for each in earlier if _same_place(each, environment)]
        if sharing:
            what = f"{environment.name} and {sharing[0]} keep their state in the same place"
            yield Wrong((*place, "state"), what, "a place of its own")


def _same_place(one: EnvironmentSettings, other: EnvironmentSettings) -> bool:
    """Whether two states lie together: a product that needs no key of its own is where the profile says."""
    return one.state == other.state and (bool(needs(type(one.state))) or one.profile == other.profile)
