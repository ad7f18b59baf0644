"""Take docs/*.png from a running demo: `make screenshots`, after `make demo`.

Starts Dagster as `provisioning ui` does, on a free loopback port, and looks at it with Chromium.
"""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from playwright.sync_api import Page, sync_playwright

REPOSITORY = Path(__file__).resolve().parents[1]
REPORT = ".provisioning/reports/demo_shop/readiness.html"
PATIENCE = 120.0
"""Seconds until the web interface must answer."""

WIDTH, HEIGHT = 2000, 1000

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def web_interface(repository: Path, environment: dict[str, str]) -> Iterator[str]:
    """Dagster on a free port; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "provisioning_assets.cli", "ui", "--port", str(port)]
    server = subprocess.Popen(
        command, cwd=repository, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
    try:
        while not _answers(address):
            if time.monotonic() > deadline or server.poll() is not None:
                raise RuntimeError(f"Dagster does not answer at {address}")
        yield address
    finally:
        server.terminate()
        server.wait(30)


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/server_info", timeout=1).ok
    except requests.ConnectionError:
        time.sleep(0.5)
    except requests.Timeout:
        pass
    return False


@contextmanager
def browser(width: int, height: int) -> Iterator[Page]:
    """A page in the system's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        raise RuntimeError("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield chromium.new_page(viewport={"width": width, "height": height})
        finally:
            chromium.close()


def take(address: str, page: Page, folder: Path) -> None:
    """The lineage, one asset's checks, and the report."""
    page.goto(f"{address}/asset-groups", wait_until="domcontentloaded")
    # Groups are shown folded: the engagement first, then each environment. The slider at the right zooms out.
    page.locator("svg >> text=/^demo_shop/").first.click(timeout=60_000)
    page.wait_for_timeout(2500)
    for name in ("staging", "production"):
        page.get_by_text(name, exact=True).last.click()
        page.wait_for_timeout(2000)
        page.mouse.click(WIDTH - 27, HEIGHT - 182)
        page.wait_for_timeout(1500)
    page.mouse.click(WIDTH - 27, HEIGHT - 202)
    page.wait_for_timeout(1500)
    page.screenshot(path=folder / "lineage.png")
    page.goto(f"{address}/assets/demo_shop/production/dns_records?view=checks", wait_until="domcontentloaded")
    page.wait_for_selector("text=dns_has_propagated", timeout=60_000)
    page.wait_for_timeout(1000)
    page.screenshot(path=folder / "checks.png")
    page.goto((REPOSITORY / REPORT).as_uri())
    page.screenshot(path=folder / "report.png")


if __name__ == "__main__":
    import os

    with web_interface(REPOSITORY, dict(os.environ)) as at, browser(WIDTH, HEIGHT) as tab:
        take(at, tab, REPOSITORY / "docs")
