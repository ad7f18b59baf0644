"""The page of readiness items: each once, with every asset that has it."""

from datetime import timedelta

from provisioning_assets.core.items import REVIEW_ITEMS, Item
from provisioning_assets.report.catalogue import catalogue

DRIFT = Item("has_not_drifted", "Live is as declared.", 2, "promotion", timedelta(hours=24))
RUN = Item("last_run_succeeded", "It came to its end.", 2, "promotion", timedelta(days=3650), of_runs=True)


def test_an_item_of_several_assets_is_told_once_with_all_of_them() -> None:
    page = catalogue([("zone", RUN), ("records", RUN), ("records", DRIFT), ("records", RUN)])
    assert page.count("### ") == 2
    assert "`records`, `zone`" in page


def test_every_review_item_has_its_place() -> None:
    headings = [line for line in catalogue([("records", DRIFT)]).splitlines() if line.startswith("## ")]
    assert headings == [f"## {number}. {title}" for number, title in enumerate(REVIEW_ITEMS, 1)]


def test_how_long_evidence_counts_is_told_in_hours_but_of_runs() -> None:
    page = catalogue([("records", DRIFT), ("records", RUN)])
    assert "24 hours" in page
    assert "87600" not in page
