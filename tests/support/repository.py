"""Where this repository lies, and its example."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "engagements" / "demo_shop"
