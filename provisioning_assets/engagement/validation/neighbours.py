"""Other engagements of the repository: none has an environment whose name is the same outside.

`demo_shop` with `staging` and `demo` with `shop_staging` are both `demo-shop-staging` in a cloud that allows no `_`;
`demo__shop` with `staging` and `demo` with `shop` have jobs and steps of one name in Dagster.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from provisioning_assets.engagement.document import Document, shown
from provisioning_assets.engagement.folders import FILE, find_engagements
from provisioning_assets.engagement.places import Wrong
from provisioning_assets.engagement.sections import NAME, PART
from provisioning_assets.engagement.written import Written
from provisioning_assets.errors import ConfigurationError


def neighbour_problems(written: Written) -> Iterator[Wrong]:
    """Environments whose name outside is that of another engagement's environment; both files are named."""
    own = written.header.engagement
    for folder in find_engagements(written.listed.parent):
        if folder.resolve() == written.folder or not _alike(own, folder.name):
            continue
        file = shown(folder / FILE, written.repository)
        taken = {outside(folder.name, name): name for name in _environments(folder)}
        for position, environment in enumerate(written.header.environments):
            name = outside(own, environment.name)
            if name in taken:
                what = f"{own} with {environment.name}, and {folder.name} with {taken[name]} in {file}, are both {name}"
                yield Wrong(("environments", position, "name"), what, "a name of its own for one of them")


def outside(engagement: str, environment: str) -> str:
    """The name where only words are told apart, and not what stands between them."""
    return re.sub("[_-]+", "-", f"{engagement}-{environment}").lower()


def _alike(one: str, other: str) -> bool:
    """Whether one name begins with the other: only then can the rest make up for it, and the file is worth reading."""
    first, second = outside(one, ""), outside(other, "")
    return first.startswith(second) or second.startswith(first)


def _environments(folder: Path) -> list[str]:
    """The names that an engagement file gives its environments; none of one that cannot be valid, as it says so."""
    try:
        content = Document(folder / FILE, FILE).content
    except ConfigurationError:
        return []
    listed = content.get("environments")
    if content.get("engagement") != folder.name or not re.fullmatch(NAME, folder.name) or not isinstance(listed, list):
        return []
    named = (each.get("name") for each in listed if isinstance(each, dict))
    return [name for name in named if isinstance(name, str) and re.fullmatch(PART, name)]
