"""The repository's engagements, by the names that people type."""

from pathlib import Path
from typing import TYPE_CHECKING

from provisioning_assets.cli import home
from provisioning_assets.engagement.loading import find_engagements, load_engagement
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.report.names import one_of

if TYPE_CHECKING:
    from provisioning_assets.engagement.models import Engagement
    from provisioning_assets.runs.graph import Graph


def folders() -> list[Path]:
    """Every engagement's folder; that there is none is an error, since nothing could be said of any."""
    root = home.repository() / home.ENGAGEMENTS
    found = find_engagements(root)
    if not found:
        next(root.iterdir(), None)  # a folder that may not be read looks empty otherwise
        raise ProvisioningError(
            "there are no engagements", where=str(root), remedy="provisioning new NAME makes one", cause="it is empty"
        )
    return found


def is_there(name: str) -> bool:
    """Whether an engagement is called so."""
    return name in {folder.name for folder in find_engagements(home.repository() / home.ENGAGEMENTS)}


def in_order(command: str, engagement: str, *others: str | None) -> None:
    """`ProvisioningError` when the engagement was not typed first."""
    later = next((other for other in others if other and is_there(other)), None)
    if later and not is_there(engagement):
        rest = [engagement if other == later else other for other in others if other]
        call = " ".join(["provisioning", command, later, *rest])
        raise ProvisioningError("the engagement comes first", remedy=call)


def find(name: str) -> Path:
    """The folder of the engagement of that name."""
    root = home.repository() / home.ENGAGEMENTS
    if not is_there(name):
        known = [folder.name for folder in folders()]
        there = name in {each.name for each in root.iterdir()}
        raise ProvisioningError(
            f"there is no engagement `{name}`",
            where=str(root),
            cause=f"{name} is no folder" if there else "",
            remedy=f"{one_of(name, known)}; provisioning new NAME makes one",
        )
    return root / name


def load(name: str) -> "Engagement":
    """The engagement of that name."""
    return load_engagement(find(name))


def graph(name: str) -> "Graph":
    """The assets of an engagement."""
    from provisioning_assets.assets.assembly import assemble  # loads the probes' libraries

    return assemble(load(name))


def environments(engagement: str, environment: str | None) -> list[str]:
    """The one environment, if the engagement has it; all of them, in order of promotion, for None."""
    names = [each.name for each in load(engagement).environments]
    if environment is None:
        return names
    if environment not in names:
        remedy = _other(engagement, environment) or one_of(environment, names)
        raise ProvisioningError(f"{engagement} has no environment `{environment}`", remedy=remedy)
    return [environment]


def _other(engagement: str, name: str) -> str:
    """What to call instead for a name that is an asset or an item."""
    found = [(task.name, {item.name for item in task.rules}) for task in graph(engagement).tasks]
    if name in {asset for asset, _ in found}:
        return f"`{name}` is an asset: provisioning apply {engagement} --only {name}"
    if any(name in items for _, items in found):
        return f"`{name}` is a readiness item: provisioning check {engagement} {name}"
    return ""
