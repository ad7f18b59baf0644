"""The web interface in Chromium: pages of others can do nothing to it, and its own page works as ever."""

import runpy
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.support.front_door import Interface, web_interface
from tests.support.http_servers import answering_always
from tests.support.repository import REPOSITORY
from tests.support.servers import free_port
from tests.support.strange_pages import LAUNCH, TRIES, script
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
FLAGS: list[str] = runpy.run_path(str(REPOSITORY / "docs" / "take_screenshots.py"))["FLAGS"]
ELSEWHERE = "evil.example"
"""A name of others that leads to this machine."""


@pytest.fixture(scope="module")
def interface(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interface]:
    with web_interface(tmp_path_factory.mktemp("front")) as running:
        yield running


@pytest.fixture(scope="module")
def strange_port() -> Iterator[int]:
    """Where somebody else serves a page."""
    with answering_always(200, "<!doctype html><title>x</title><body>", Content_Type="text/html") as address:
        yield int(urlsplit(address).port or 0)


@pytest.fixture(scope="module")
def person(interface: Interface) -> Iterator[BrowserContext]:
    """A browser in which a person has opened the interface, and so has the token."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[*FLAGS, f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"],
        )
        context = chromium.new_context(viewport={"width": 1600, "height": 1000})
        opened = context.new_page()
        opened.goto(f"{interface.address}/runs", wait_until="domcontentloaded")
        opened.close()
        yield context
        chromium.close()


@contextmanager
def page_of(context: BrowserContext, address: str) -> Iterator[Page]:
    page = context.new_page()
    try:
        page.goto(address, wait_until="domcontentloaded")
        yield page
    finally:
        page.close()


def by_page(page: Page, address: str, query: str) -> int:
    """Status of what a page is answered that asks its own server."""
    options = "{method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify({query})}"
    ask = f"([at, query]) => fetch(at + '/graphql', {options}).then(answer => answer.status)"
    return int(page.evaluate(ask, [address, query]))


@dataclass(frozen=True)
class Tried:
    """What a page tried, what it saw of it, and what the interface answered, whether or not the page saw it."""

    what: str
    seen: str
    answers: tuple[int, ...]


def tries_of(page: Page, address: str) -> Iterator[Tried]:
    """Everything that a page can send, one after another."""
    asked: set[str] = set()
    answers: list[tuple[str, int]] = []

    def note_request(event: dict[str, Any]) -> None:
        if event.get("url", event.get("request", {}).get("url")).replace("ws:", "http:").startswith(f"{address}/"):
            asked.add(event["requestId"])

    def note_answer(event: dict[str, Any]) -> None:
        answers.append((event["requestId"], event.get("statusCode") or event["response"]["status"]))

    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    for event, note in (
        ("requestWillBeSent", note_request),
        ("webSocketCreated", note_request),
        ("responseReceivedExtraInfo", note_answer),
        ("webSocketHandshakeResponseReceived", note_answer),
    ):
        network.on(f"Network.{event}", note)
    for what in TRIES:
        answers.clear()
        seen = page.evaluate(script(what, address, LAUNCH))
        page.wait_for_timeout(200)
        yield Tried(what, seen, tuple(status for request, status in answers if request in asked))


@pytest.mark.parametrize(("host", "of"), [("127.0.0.1", "address"), (ELSEWHERE, "address"), ("127.0.0.1", "reading")])
def test_a_page_of_another_site_or_port_changes_and_reads_nothing(
    interface: Interface, person: BrowserContext, strange_port: int, host: str, of: str
) -> None:
    before = interface.held()
    reached = 0
    with page_of(person, f"http://{host}:{strange_port}/") as page:
        for tried in tries_of(page, getattr(interface, of)):
            print(f"{host:>13} {tried}")  # noqa: T201 - for the table of docs/front-door.md
            assert not tried.seen.startswith(("cors 2", "basic 2", "answered")), tried
            assert all(status >= 400 for status in tried.answers), tried
            assert interface.held() == before, tried
            reached += bool(tried.answers)
    assert reached > len(TRIES) / 2, "what did not reach the interface proves nothing of it"


def test_a_foreign_name_for_this_machine_leads_nowhere(interface: Interface, person: BrowserContext) -> None:
    with page_of(person, f"http://{ELSEWHERE}:{interface.port}/") as page:
        assert "refused" in page.inner_text("body")
        assert by_page(page, f"http://{ELSEWHERE}:{interface.port}", LAUNCH) == 421


def test_our_own_page_launches_and_switches_in_the_same_browser(interface: Interface, person: BrowserContext) -> None:
    before = interface.held()
    with page_of(person, f"{interface.address}/automation") as page:
        name = page.get_by_text("demo_shop__staging__drift_hourly")
        name.wait_for(timeout=60_000)
        # In its row, one box chooses it and one switches it.
        switch = name.locator("xpath=ancestor::*[count(.//input[@type='checkbox'])=2][1]//input").last
        page.wait_for_timeout(1000)
        for turned in (True, False):
            switch.dispatch_event("click")
            wait_until(lambda turned=turned: ("STOPPED" in str(interface.held()["schedules"])) is turned, within=60)
    with page_of(person, f"{interface.address}/assets/demo_shop/staging/dns_records?view=checks") as page:
        page.get_by_text("Execute all").click(timeout=60_000)
        wait_until(lambda: interface.held()["runs"] != before["runs"], within=60)


def test_the_second_address_shows_and_changes_nothing(interface: Interface, person: BrowserContext) -> None:
    before = interface.held()
    with page_of(person, f"{interface.reading}/assets/demo_shop/staging/dns_records?view=checks") as page:
        page.get_by_text("dns_has_propagated").first.wait_for(timeout=60_000)
        assert by_page(page, interface.reading, "{ version }") == 200
        assert by_page(page, interface.reading, LAUNCH) == 400
        assert by_page(page, interface.reading, "mutation { setNuxSeen }") == 400
        assert by_page(page, interface.reading, "mutation { reloadWorkspace { __typename } }") == 400
    assert interface.held() == before


def test_a_program_without_the_token_changes_nothing(interface: Interface) -> None:
    before = interface.held()
    page = {"origin": interface.address, "sec-fetch-site": "same-origin"}
    for headers in ({}, page, {**page, "cookie": f"provisioning-{interface.port}=guessed"}):
        told = requests.post(f"{interface.address}/graphql", json={"query": LAUNCH}, headers=headers, timeout=10)
        assert told.status_code == 403
    assert "set-cookie" not in requests.get(interface.address, timeout=10).headers
    assert interface.held() == before


def test_a_second_one_is_refused_and_the_first_goes_on(interface: Interface) -> None:
    def refused(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = interface.line.run("ui", *arguments)
        assert done.returncode == 1
        assert "remedy: " in done.stderr
        return done

    assert f"127.0.0.1:{interface.port}" in refused("--port", str(interface.port)).stderr
    assert interface.address in refused("--port", str(free_port())).stderr
    assert (
        "--read-only-port"
        in refused("--port", str(free_port()), "--read-only-port", str(interface.reading_port)).stderr
    )
    assert "--read-only-port" in refused("--port", "4001", "--read-only-port", "4001").stderr
    assert requests.get(f"{interface.address}/server_info", timeout=5).ok
