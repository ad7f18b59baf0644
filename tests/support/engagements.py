"""The demo shop's file, changed for a test."""

from pathlib import Path

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.runs.graph import Graph


def edited(shop: Path, *changes: tuple[str, str]) -> Graph:
    """The shop with other words in its file, all of which must be there."""
    file = shop / "engagements/demo_shop/engagement.yaml"
    text = file.read_text()
    for old, new in changes:
        assert old in text, f"{old!r} is not there: mend the test"
        text = text.replace(old, new)
    file.write_text(text)
    return assemble(load_engagement(file.parent))
