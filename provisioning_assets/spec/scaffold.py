"""A new engagement: the example's files under another name, to be made one's own."""

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from provisioning_assets.errors import ConfigurationError, Problem
from provisioning_assets.spec.engagement import Engagement
from provisioning_assets.spec.loading import FILE, load_engagement
from provisioning_assets.spec.sections import NAME

EXAMPLE = "demo_shop"
_AHEAD = timedelta(weeks=4)
_LONGEST = 30
"""Characters; names of buckets and roles are made from it, and AWS ends those at 63."""


def scaffold(name: str, root: Path) -> Path:
    """Write the folder `root/name` from the example beside it, and return it; it passes `load_engagement`.

    `ConfigurationError` when the name is none, the folder exists, or the example is not there.
    """
    folder, example = root / name, root / EXAMPLE
    if not re.fullmatch(NAME, name) or len(name) > _LONGEST:
        expected = f"lower-case letters, digits and _, a letter first, at most {_LONGEST}"
        raise ConfigurationError([Problem(f"engagements/{name}", 0, 0, f"`{name}` is no name", expected)])
    if folder.exists():
        raise ConfigurationError([Problem(str(folder), 0, 0, "there is such a folder already", "a new name")])
    engagement = load_engagement(example)
    for source in _files(engagement):
        text = source.read_text(encoding="utf-8")
        target = folder / source.relative_to(engagement.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_renamed(_later(text, engagement), name), encoding="utf-8")
    load_engagement(folder)
    return folder


def _files(engagement: Engagement) -> list[Path]:
    """What the example consists of, apart from what was signed for it."""
    named = [FILE]
    for environment in engagement.environments:
        named.extend(environment.runtime_config.files)
        named.extend(dashboard.file for dashboard in environment.monitoring.dashboards)
    return [engagement.folder / name for name in dict.fromkeys(named)]


def _renamed(text: str, name: str) -> str:
    label, words = name.replace("_", "-"), name.replace("_", " ")
    for old, new in (
        ("demo_shop", name), ("demo-shop", label), ("DEMO_SHOP", name.upper()),
        ("Demo Shop", words.title()), ("demo shop", words),
    ):  # fmt: skip
        text = text.replace(old, new)
    return text


def _later(text: str, engagement: Engagement) -> str:
    """The example's launch, some weeks from now: a date in the past would be a launch that was."""
    launch = engagement.launch
    today = datetime.now(UTC).date()
    shift = datetime.combine(today, time(), UTC) + _AHEAD - datetime.combine(launch.window.opens.date(), time(), UTC)
    weeks = timedelta(weeks=round(shift / timedelta(weeks=1)))
    for moment in (launch.freeze, launch.window.opens, launch.window.closes):
        text = text.replace(moment.isoformat(), (moment + weeks).isoformat())
    return text
