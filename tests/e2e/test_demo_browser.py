"""What a person sees: the lineage and an asset's checks in Dagster, and the report, in Chromium."""

import runpy
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import REPOSITORY, Shop

SCREENSHOTS: dict[str, Callable[..., Any]] = runpy.run_path(str(REPOSITORY / "docs" / "take_screenshots.py"))


@pytest.mark.timeout(300)
def test_the_lineage_and_an_assets_checks_are_seen_in_dagster(provisioned: Shop) -> None:
    with (
        SCREENSHOTS["web_interface"](provisioned.folder, provisioned.environment) as address,
        SCREENSHOTS["browser"](1600, 1000) as page,
    ):
        page.goto(f"{address}/assets/demo_shop/staging/dns_records?view=checks", wait_until="domcontentloaded")
        page.wait_for_selector("text=dns_has_propagated", timeout=60_000)
        page.goto(f"{address}/asset-groups", wait_until="domcontentloaded")
        page.locator("svg >> text=/^demo_shop/").first.click(timeout=60_000)
        page.wait_for_selector("svg >> text=/^production/", timeout=60_000)


@pytest.mark.timeout(300)
def test_a_refused_gate_is_seen_with_its_reasons(provisioned: Shop) -> None:
    file = provisioned.folder / "engagements" / "demo_shop" / "config" / "common.yaml"
    text = file.read_text()
    file.write_text(text.replace("basket_items: 50", "basket_items: 60"))
    try:
        refused = provisioned.run("apply", "demo_shop", "production", "--only", "runtime_config")
        assert refused.returncode == 2, refused.stdout
        with (
            SCREENSHOTS["web_interface"](provisioned.folder, provisioned.environment) as address,
            SCREENSHOTS["browser"](1600, 1000) as page,
        ):
            page.goto(f"{address}/runs/{last_run(provisioned)}", wait_until="domcontentloaded")
            page.locator("text=/nothing was written/").first.wait_for(timeout=60_000)
            page.get_by_text("View full message").first.click(timeout=60_000)
            page.locator("text=/basket_items differs/").first.wait_for(timeout=60_000)
    finally:
        file.write_text(text)


def last_run(shop: Shop) -> str:
    """Number of the run that began last."""
    with closing(sqlite3.connect(shop.folder / ".provisioning/dagster/history/runs.db")) as database:
        (run,) = database.execute("select run_id from runs order by id desc limit 1").fetchone()
    return str(run)


def test_the_report_is_read_on_a_phone(provisioned: Shop) -> None:
    provisioned.run("readiness", "demo_shop")
    report: Path = provisioned.folder / ".provisioning/reports/demo_shop/readiness.html"
    with SCREENSHOTS["browser"](390, 800) as page:
        page.goto(report.as_uri())
        assert "NO-GO" in page.inner_text("body")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator("text=rollback_is_rehearsed").count() > 0
