"""Write docs/readiness-items.md from the code: `make docs`."""

from pathlib import Path

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.report.catalogue import catalogue

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "readiness-items.md"
EARLY = ("networking", "datastores", "compute", "endpoints")


def page() -> str:
    """The page as the code has it now; the items of all stages are the same, and named once."""
    lineage, _ = assemble(load_engagement(REPOSITORY / "engagements" / "demo_shop"))
    return catalogue(("each stage" if n.asset in EARLY else n.asset, item) for n in lineage.nodes for item in n.items)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
