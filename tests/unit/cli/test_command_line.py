"""What people type: nothing that names nothing is fine, and a mistyped call is an error, not a drift."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.cli import home
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.opening import open_session
from provisioning_assets.runs.session import Session
from tests.support.calls import call
from tests.support.repository import REPOSITORY

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


def test_a_call_without_an_engagement_names_those_there_are(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("validate") == 1
    assert str(repository / "engagements") in capsys.readouterr().err
    for name in ("cinema", "museum"):
        (repository / "engagements" / name).mkdir()
    assert call("validate") == 1
    said = capsys.readouterr().err
    assert all(name in said for name in ("cinema", "museum", "--help"))


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


@pytest.mark.parametrize("words", [
    ["check", "staging", "demo_shop"], ["plan", "staging", "demo_shop"], ["unlock", "staging", "demo_shop"],
    ["apply", "staging", "demo_shop"],
])  # fmt: skip
def test_a_call_in_the_wrong_order_is_told_in_the_right_one(
    shop: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert call(*words) == 1
    assert f"provisioning {words[0]} demo_shop staging" in capsys.readouterr().err


def test_why_takes_the_item_first(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("why", "demo_shop", ITEM) == 1
    assert f"provisioning why {ITEM} demo_shop" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "told"), [
    ("Staging", "`staging`"), ("prod", "`production`"), ("networking", "--only networking"),
    (ITEM, f"provisioning check demo_shop {ITEM}"),
])  # fmt: skip
def test_what_is_no_environment_is_told_with_what_it_is(
    shop: Path, capsys: pytest.CaptureFixture[str], name: str, told: str
) -> None:
    assert call("plan", "demo_shop", name) == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("name", ["Demo_Shop", "demo-shop", "demo", "demo_shop/", "engagements/demo_shop"])
def test_a_slip_in_an_engagements_name_leads_to_it(shop: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (shop / "engagements/museum").mkdir()
    assert call("validate", name) == 1
    assert "`demo_shop`" in capsys.readouterr().err


@pytest.mark.parametrize("profile", ["", " ", "=,=", "staging=", "sandbox,", ",sandbox", "=sandbox"])
def test_a_profile_without_a_name_is_not_the_files_own(
    shop: Path, capsys: pytest.CaptureFixture[str], profile: str
) -> None:
    assert call("plan", "demo_shop", "staging", "--profile", profile) == 1
    assert "where: --profile" in capsys.readouterr().err


def test_a_file_in_the_place_of_a_folder_is_told(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "engagements/museum").mkdir()
    (repository / "engagements/cinema").touch()
    assert call("validate", "cinema") == 1
    assert "cause: cinema" in capsys.readouterr().err


def test_a_folder_that_is_gone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert call("status") == 1
    said = capsys.readouterr().err
    assert "remedy: " in said
    assert "internal" not in said


def test_a_relative_dagster_home_is_made_absolute(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(REPOSITORY / "dagster.yaml", shop)
    monkeypatch.setenv("DAGSTER_HOME", "mine")
    assert home.dagster_home() == shop / "mine"
    assert os.environ["DAGSTER_HOME"] == str(shop / "mine")


@pytest.mark.parametrize("port", ["0", "-1", "65536"])
def test_a_port_that_is_none_is_a_mistyped_call(capsys: pytest.CaptureFixture[str], port: str) -> None:
    assert call("ui", "--port", port) == 1
    assert "provisioning ui --help" in capsys.readouterr().err


def test_a_table_shows_states_and_no_markup(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("sandbox", "status") == 2
    told = capsys.readouterr().out
    assert "stopped" in told
    assert "[/]" not in told


@pytest.mark.parametrize("words", [["status"], ["why", ITEM], ["status", "--json"]])
def test_a_defect_in_one_environment_hides_no_other(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """Not even one of ours, or of a library: it is told with its place and what to do."""

    def opened(graph: Graph, environment: str, **more: Any) -> Session:
        if environment == "staging":
            raise ValueError("hunter2")
        return open_session(graph, environment, **more)

    monkeypatch.setattr("provisioning_assets.runs.standings.open_session", opened)
    assert call(*words) == 1
    captured = capsys.readouterr()
    said = captured.out + captured.err
    assert "hunter2" not in said
    assert "ValueError" in said
    assert "remedy" in said
    assert "production" in said


@pytest.mark.parametrize("words", [["status"], ["readiness", "demo_shop"], ["why", ITEM]])
def test_whoever_has_no_sandbox_running_is_told_what_starts_it(
    shop: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """That nobody could read the record is no answer: it ends with 1, not with what is not ready."""
    assert call(*words) == 1
    captured = capsys.readouterr()
    assert "provisioning sandbox start demo_shop\n" in captured.out + captured.err
    write_private(shop / ".provisioning/profiles/mine.env", "AWS_REGION=eu-central-1\n")
    file = shop / "engagements/demo_shop/engagement.yaml"
    file.write_text(file.read_text().replace("profile: sandbox", "profile: mine"))
    assert call(*words) == 1
    captured = capsys.readouterr()
    assert "sandbox start demo_shop" not in captured.out + captured.err


def write_private(file: Path, text: str) -> None:
    """A file that is open to nobody else."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o600)
