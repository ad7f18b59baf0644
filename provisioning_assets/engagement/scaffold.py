"""A new engagement: the example's files under another name, to be made one's own."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from provisioning_assets.engagement.document import Document
from provisioning_assets.engagement.loading import FILE, find_engagements, load_engagement
from provisioning_assets.engagement.places import at
from provisioning_assets.engagement.sections import NAME
from provisioning_assets.engagement.validation.neighbours import outside
from provisioning_assets.errors import ConfigurationError, Problem

TEMPLATE = Path(__file__).parent / "template"
"""The example; in the repository a link to `engagements/demo_shop`, in an installed package a copy."""

_PARTS = (FILE, "config/*.yaml", "dashboards/*.json")
"""What an engagement starts with: not what people signed, or ran, for the example."""

_REMEDY = "call `provisioning new` with another name"
_AHEAD = timedelta(weeks=4)
_LONGEST = 30
"""Characters; names of buckets and roles are made from it, and AWS ends those at 63."""


def scaffold(name: str, engagements: Path) -> Path:
    """Write the folder `engagements/name` and return it; it passes `load_engagement`.

    `ConfigurationError` when the name is none, the folder exists, the example is not there, or the repository has
    no code for its stages.
    """
    folder = engagements / name
    if not re.fullmatch(NAME, name) or len(name) > _LONGEST:
        expected = f"lower-case letters, digits and _, a letter first, at most {_LONGEST}"
        problem = Problem(f"engagements/{name}", 0, 0, f"`{name}` is no name", expected)
        raise ConfigurationError([problem], remedy=_REMEDY)
    if folder.exists():
        problem = Problem(str(folder), 0, 0, "there is such a folder already", "a new name")
        raise ConfigurationError([problem], remedy=_REMEDY)
    alike = [each.name for each in find_engagements(engagements) if outside(each.name, "") == outside(name, "")]
    if alike:
        problem = Problem(f"engagements/{name}", 0, 0, f"{name} and {alike[0]} would be the same outside", "a new name")
        raise ConfigurationError([problem], remedy=_REMEDY)
    launch = list(_launch(Document(TEMPLATE / FILE, f"the example's {FILE}")))
    for source in (file for part in _PARTS for file in sorted(TEMPLATE.glob(part))):
        target = folder / source.relative_to(TEMPLATE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_renamed(_later(source.read_text(encoding="utf-8"), launch), name), encoding="utf-8")
    load_engagement(folder)
    return folder


def _launch(example: Document) -> Iterator[str]:
    """The example's dates as they are written; the first is the day of the launch."""
    for place in (("window", "opens"), ("window", "closes"), ("freeze",)):
        yield str(at(example.content, ("launch", *place)))


def _renamed(text: str, name: str) -> str:
    words = name.replace("_", " ").strip()
    label = words.replace(" ", "-")
    for old, new in (
        ("demo_shop", name), ("demo-shop", label), ("DEMO_SHOP", name.upper()),
        ("Demo Shop", words.title()), ("demo shop", words),
    ):  # fmt: skip
        text = text.replace(old, new)
    return text


def _later(text: str, launch: list[str]) -> str:
    """The example's launch, some weeks from now: a date in the past would be a launch that was."""
    shift = datetime.now(UTC).date() + _AHEAD - datetime.fromisoformat(launch[0]).date()
    weeks = timedelta(weeks=round(shift / timedelta(weeks=1)))
    for moment in launch:
        text = text.replace(moment, (datetime.fromisoformat(moment) + weeks).isoformat())
    return text
