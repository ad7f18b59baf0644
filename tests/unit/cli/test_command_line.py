"""What people type: nothing that names nothing is fine, and a mistyped call is an error, not a drift."""

import json
from pathlib import Path

import pytest

from tests.support.calls import call

ITEM = "dns_has_not_drifted"


@pytest.mark.parametrize("words", [
    ["check"], ["apply"], ["apply", "demo_shop", "staging", "more"], ["status", "--jsno"], ["prove"], [],
    ["sandbox", "reboot"], ["ui", "--port", "front"], ["drift", "demo_shop"], ["recheck", ITEM, "demo_shop"],
])  # fmt: skip
def test_a_mistyped_call_ends_with_1_and_says_where_to_look(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*words) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "--help" in said
    assert not said.startswith("error: \n")


def test_help_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--help") == 0
    assert "readiness" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [["status"], ["status", "--json"], ["why", ITEM], ["validate", "demo_shop"], ["check", "demo_shop"]]
)
def test_no_engagement_at_all_is_an_error(
    repository: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert call(*words) == 1
    captured = capsys.readouterr()
    assert str(repository / "engagements") in captured.err
    assert bool(captured.out) is ("--json" in words)


@pytest.mark.parametrize("name", ["", "..", "../engagements/museum", "/etc", "Museum", "cinema"])
def test_only_a_name_names_an_engagement(repository: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (repository / "engagements/museum").mkdir()
    assert call("validate", name) == 1
    assert f"`{name}`" in capsys.readouterr().err


def test_a_folder_without_its_file_is_shown_with_what_it_lacks(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "engagements/museum").mkdir()
    (repository / "engagements/museum/engagement.yml").touch()
    assert call("status") == 1
    assert "engagements/museum/engagement.yaml: " in capsys.readouterr().out


def test_a_valid_file_ends_with_0_and_a_wrong_one_with_each_problem(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("validate", "demo_shop", "--json") in {0, None}
    assert json.loads(capsys.readouterr().out) == []
    file = shop / "engagements/demo_shop/engagement.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("client: ", "klient: "), encoding="utf-8")
    assert call("validate", "demo_shop", "--json") == 1
    (problem,) = json.loads(capsys.readouterr().out)
    assert (problem["file"], problem["line"] > 0) == ("engagements/demo_shop/engagement.yaml", True)


@pytest.mark.parametrize("name", ["no_such_item", "museum"])
def test_what_is_neither_an_environment_nor_an_item_is_an_error(
    shop: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert call("check", "demo_shop", "staging", name) == 1
    said = capsys.readouterr().err
    assert name in said
    assert ITEM in said


def test_why_ends_with_1_when_the_record_could_not_be_read(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("why", ITEM, "demo_shop", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert [(each["environment"], each["state"]) for each in found] == [("staging", "red"), ("production", "red")]
    assert "sandbox" in found[0]["summary"]


def test_a_profile_of_the_command_line_is_the_one_that_counts(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("why", ITEM, "demo_shop", "--profile", "nowhere", "--json") == 1
    assert all("nowhere" in each["summary"] for each in json.loads(capsys.readouterr().out))
