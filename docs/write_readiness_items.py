"""Write docs/readiness-items.md from the code: `make docs`."""

from pathlib import Path

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.report.catalogue import catalogue

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "readiness-items.md"


def page() -> str:
    """The page as the code has it now; the items of all stages are the same, and named once."""
    graph = assemble(load_engagement(REPOSITORY / "engagements" / "demo_shop"))
    named = ((task, "each stage" if task.is_stage else task.name) for task in graph.tasks)
    return catalogue((name, item) for task, name in named for item in task.rules)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
