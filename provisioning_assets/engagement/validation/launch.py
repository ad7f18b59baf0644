"""The launch window, the order of promotion, and who keeps whose state."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from provisioning_assets.backends import catalogue
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.engagement.document import Document
from provisioning_assets.engagement.models import EnvironmentSettings, Header
from provisioning_assets.engagement.products import needs
from provisioning_assets.engagement.wording import any_of
from provisioning_assets.errors import Problem


def launch_problems(document: Document, header: Header, folder: Path) -> Iterator[Problem]:
    """What breaks a rule of this file."""
    if header.engagement != folder.name:
        what = f"the engagement is called {header.engagement} and its folder {folder.name}"
        yield document.problem(("engagement",), what, f"`{folder.name}`, or the folder renamed")
    yield from _dates(document, header)
    yield from _environments(document, header)


def _dates(document: Document, header: Header) -> Iterator[Problem]:
    window, freeze = header.launch.window, header.launch.freeze
    if window.closes <= window.opens:
        place = ("launch", "window", "closes")
        yield document.problem(place, "the launch window closes before it opens", f"a time after {window.opens}")
    if freeze > window.opens:
        what = "the freeze begins after the launch window opens"
        yield document.problem(("launch", "freeze"), what, f"a time before {window.opens}")


def _environments(document: Document, header: Header) -> Iterator[Problem]:
    found = header.environments
    if found[0].name == "production":
        what = "production has no environment before it: nothing would be tried before it is live"
        yield document.problem(("environments", 0), what, "a staging environment first")
    for position, environment in enumerate(found):
        earlier = found[:position]
        if environment.name in [each.name for each in earlier]:
            what = f"there are two environments called {environment.name}"
            yield document.problem(("environments", position, "name"), what, "a name of its own")
        sharing = [each.name for each in earlier if _same_place(each, environment)]
        if sharing:
            what = f"{environment.name} and {sharing[0]} keep their state in the same place"
            yield document.problem(("environments", position, "state"), what, "a place of its own")
        cannot = catalogue.lacks(Kind.STORE, environment.state.name).get(Capability.ENGINE_STATE)
        if cannot:
            able = [each.name for each in catalogue.of_kind(Kind.STORE) if Capability.ENGINE_STATE not in each.lacks]
            yield document.problem(("environments", position, "state"), cannot, any_of(able))
        for key, settings in (("state", environment.state), ("ledger", environment.ledger)):
            folder = settings.model_dump().get("folder") if settings else None
            if folder and not _inside(folder):
                what = f"{folder} lies outside the repository"
                yield document.problem(
                    ("environments", position, key, "folder"), what, "a folder inside, relative to it"
                )


def _same_place(one: EnvironmentSettings, other: EnvironmentSettings) -> bool:
    """Whether two states lie together: a product that needs no key of its own is where the profile says."""
    return one.state == other.state and (bool(needs(type(one.state))) or one.profile == other.profile)


def _inside(folder: str) -> bool:
    path = PurePosixPath(folder)
    return not path.is_absolute() and ".." not in path.parts
