"""The page about the engagement file has every key, as the models have it."""

import pytest

from provisioning_assets.engagement.reference import BEGIN, current, keys
from provisioning_assets.engagement.schema import engagement_schema
from tests.support.repository import REPOSITORY

PAGE = REPOSITORY / "docs" / "engagement-file.md"


def test_the_page_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == current(page), "run: python -m provisioning_assets.engagement.reference docs/engagement-file.md"


def test_every_key_is_there_and_says_what_it_means() -> None:
    page, schema = keys(), engagement_schema()
    rows = [row.strip("| ").split(" | ") for row in page.splitlines() if row.startswith("| `")]
    assert [row for row in rows if len(row) < 4 or not row[-1].strip()] == []
    shown = {row[0].strip("`").replace("[]", "").split(".")[-1] for row in rows}
    models = [schema, *schema["$defs"].values()]
    assert {key for model in models for key in model.get("properties", ())} - shown <= set(schema["properties"])
    assert all(f"`{key}`" in page for key in schema["properties"])


def test_a_page_without_the_part_says_so() -> None:
    with pytest.raises(ValueError, match="no part between"):
        current(f"# A page\n{BEGIN}")
