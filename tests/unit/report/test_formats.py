import json
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped

from provisioning_assets.core.evidence import State
from provisioning_assets.core.items import REVIEW_ITEMS
from provisioning_assets.engagement.models import SingleEnvironment
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.report.as_html import as_html
from provisioning_assets.report.as_json import as_json
from provisioning_assets.report.as_junit import as_junit
from provisioning_assets.report.as_markdown import as_markdown
from provisioning_assets.report.model import Report, build_report
from provisioning_assets.report.writing import write_report
from tests.support.standings import NOW, all_green, engagement, standing

HOSTILE = "<script>alert('x')</script><img src=x onerror=y> & \"quoted\" | `tick` *star*\nline\x1b[31m\x00\ud800"
VOID = {"meta", "use", "circle", "path", "br"}


class Page(HTMLParser):
    """Tags, texts and attributes of a document; fails when a tag is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag open until its end."""
        self.tags.append(tag)
        self.attributes.extend(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that ends itself."""
        self.tags.append(tag)
        self.attributes.extend(attrs)

    def handle_endtag(self, tag: str) -> None:
        """Only the innermost open tag may end."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the text, with its white space as it is shown."""
        self.texts.append(" ".join(data.split()))


@pytest.fixture
def report() -> Report:
    """All five states, and a text that would be markup everywhere."""
    odd = [
        standing(2, State.RED, name="red_one", reason=HOSTILE, looked_at={HOSTILE: HOSTILE}, list=[HOSTILE]),
        standing(3, State.STALE, name="stale_one", reason="checked 30 h ago, allowed are 24 h"),
        standing(6, State.WAIVED, name="waived_one", reason="waived by Alice until 2026-12-01"),
        standing(7, State.NOT_RUN, name="not_run_one", planned=True),
    ]
    return build_report(engagement(), [*(s for s in all_green() if s.item.review_item != 8), *odd], NOW)


def test_json_has_the_agreed_keys(report: Report) -> None:
    data = json.loads(as_json(report))
    assert (data["engagement"], data["decision"]) == ("demo_shop", "NO-GO")
    assert data["generated_at"] == "2026-11-23T18:00:00Z"
    assert [(item["number"], item["title"]) for item in data["items"]] == list(enumerate(REVIEW_ITEMS, start=1))
    states = [item["state"] for item in data["items"]]
    assert states == ["green", "red", "stale", "green", "green", "waived", "not_run", "not_run"]
    assert data["items"][7]["checks"] == []
    agreed = {"name", "asset", "environment", "state", "summary", "checked_at", "digest"}
    checks = [check for item in data["items"] for check in item["checks"]]
    assert all(agreed <= check.keys() for check in checks)
    not_run = next(check for check in checks if check["state"] == "not_run")
    assert (not_run["checked_at"], not_run["digest"]) == (None, None)
    assert checks[0]["checked_at"] == "2026-11-23T17:00:00Z"
    assert (data["launch"]["days_to_launch"], data["launch"]["days_to_freeze"]) == (14, 10)


def test_html_holds_no_markup_of_the_record_and_loads_nothing(report: Report) -> None:
    page = Page(as_html(report))
    assert not {"script", "img", "link", "iframe"} & set(page.tags)
    loading = [(k, v) for k, v in page.attributes if k in {"src", "href"} and not (v or "").startswith("#")]
    assert loading == []
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert any("<script>alert('x')</script>" in text for text in page.texts)
    assert "url(" not in as_html(report)


def test_html_shows_states_as_words_and_shapes(report: Report) -> None:
    html, page = as_html(report), Page(as_html(report))
    for state in State:
        assert f'href="#shape-{state}"' in html
        assert f'id="shape-{state}"' in html
        assert state.replace("_", " ") in page.texts
    assert "NO-GO" in page.texts
    assert page.tags.count("details") == len(report.checks)
    assert all(title in page.texts for title in REVIEW_ITEMS)
    assert html.count('class="empty"') == 1
    assert 'id="reasons"' in html


def test_html_of_a_go_says_so() -> None:
    html = as_html(build_report(engagement(), all_green(), NOW))
    assert "GO" in Page(html).texts
    assert "NO-GO" not in html
    assert 'id="reasons"' not in html


def test_markdown_keeps_its_tables_whole(report: Report) -> None:
    text = as_markdown(report)
    assert text.startswith("# NO-GO: launch readiness of demo\\_shop\n")
    assert "<script>" not in text.replace("\\<", "")
    widths = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("|")}
    assert widths == {6, 7}
    assert "○ **not run**" in text


def test_junit_passes_only_what_is_green(report: Report) -> None:
    document = JUnitXml.fromstring(as_junit(report))
    tests = [test for suite in document for test in suite]
    assert len(tests) == len(report.checks) + 1
    kinds = {test.name: type(test.result[0]) for test in tests if test.result}
    assert kinds == {
        "red_one": Failure, "stale_one": Error, "waived_one": Skipped, "not_run_one": Error, "has_a_check": Error,
    }  # fmt: skip
    types = {test.name: test.result[0].type for test in tests if test.result}
    assert types == {
        "red_one": "red", "stale_one": "stale", "waived_one": "waived", "not_run_one": "not_run",
        "has_a_check": "not_run",
    }  # fmt: skip
    assert (document.tests, document.failures, document.errors, document.skipped) == (len(tests), 1, 3, 1)
    root = ET.fromstring(as_junit(report))  # noqa: S314 - our own text
    red = next(case for case in root.iter("testcase") if case.get("name") == "red_one")
    assert red.get("classname") == "demo_shop.production.dns_records"
    failure = red.find("failure")
    assert failure is not None
    assert "<script>" in str(failure.get("message"))


def test_the_same_input_gives_the_same_bytes(report: Report, tmp_path: Path) -> None:
    first = [path.read_bytes() for path in write_report(report, tmp_path / "a")]
    again = [path.read_bytes() for path in write_report(report, tmp_path / "b" / "c")]
    assert first == again


def test_files_are_replaced_whole_and_leave_nothing_beside(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path)
    paths = write_report(build_report(engagement(), all_green(), NOW), tmp_path)
    assert sorted(paths) == sorted(tmp_path.iterdir())
    assert [path.name for path in paths] == [f"readiness.{suffix}" for suffix in ("html", "md", "json", "xml")]
    assert json.loads((tmp_path / "readiness.json").read_text())["decision"] == "GO"


def test_a_folder_that_cannot_be_written_is_told(report: Report, tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file where the folder should be")
    with pytest.raises(ProvisioningError) as told:
        write_report(report, tmp_path / "reports")
    assert told.value.where == str(tmp_path / "reports")
    assert told.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["reports"]


def test_every_format_begins_with_who_answers_for_a_single_environment() -> None:
    owner, reason = "Alice & <Bob>", "A page | *without* data."
    alone = engagement()
    alone.__dict__["environments"] = alone.environments[-1:]
    alone.__dict__["single_environment"] = SingleEnvironment(owner=owner, reason=reason)
    found = build_report(alone, [s for s in all_green() if s.environment == "production"], NOW)
    said = found.exception
    assert owner in said
    assert reason in said
    assert json.loads(as_json(found))["exception"] == said
    texts = Page(as_html(found)).texts
    assert texts.index(said) < next(n for n, text in enumerate(texts) if text.startswith("All "))
    assert [line for line in as_markdown(found).splitlines() if line][1].startswith("**No gate")
    suites = list(JUnitXml.fromstring(as_junit(found).encode()))
    assert {each.value for suite in suites for each in suite.properties()} == {said}
    assert "exception" not in {each.name for suite in JUnitXml.fromstring(as_junit(report_of_two()).encode())
                               for each in suite.properties()}  # fmt: skip


def report_of_two() -> Report:
    """Two environments, and so a gate."""
    found = build_report(engagement(), all_green(), NOW)
    assert json.loads(as_json(found))["exception"] is None
    return found
