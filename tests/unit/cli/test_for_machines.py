"""What a machine reads: one JSON document on standard output, whatever happens, and nothing beside it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.cli.plans import Planned
from provisioning_assets.core.plan import Plan, diff
from tests.support.calls import call
from tests.support.repository import REPOSITORY

ITEM = "dns_has_not_drifted"
PARTS = {"what", "where", "cause", "remedy", "exit_code"}
OF_ENGAGEMENTS = [
    ["validate", "demo_shop"],
    ["plan", "demo_shop"],
    ["check", "demo_shop"],
    ["readiness", "demo_shop"],
    ["why", ITEM, "demo_shop"],
]


def answered(capsys: pytest.CaptureFixture[str]) -> Any:
    """The one document; words for people go elsewhere."""
    captured = capsys.readouterr()
    assert captured.err
    return json.loads(captured.out)


@pytest.mark.parametrize("words", [*OF_ENGAGEMENTS, ["status"], ["sandbox", "status"]])
def test_outside_a_repository_every_command_answers_with_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(*words, "--json") == 1
    error = answered(capsys)["error"]
    assert set(error) == PARTS
    assert (error["where"], error["exit_code"]) == (str(tmp_path), 1)


@pytest.mark.parametrize("words", OF_ENGAGEMENTS)
def test_an_engagement_that_is_not_there_is_answered_with_the_error(
    repository: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    (repository / "engagements" / "museum").mkdir()
    assert call(*words, "--json") == 1
    error = answered(capsys)["error"]
    assert "`demo_shop`" in error["what"]
    assert "museum" in error["remedy"]


@pytest.mark.parametrize("words", OF_ENGAGEMENTS[1:])
def test_a_wrong_file_is_answered_with_each_problem(
    shop: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    file = shop / "engagements/demo_shop/engagement.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("client: ", "klient: "), encoding="utf-8")
    assert call(*words, "--json") == 1
    (problem,) = answered(capsys)["error"]["problems"]
    assert set(problem) == {"file", "line", "column", "what", "expected"}
    assert (problem["file"], problem["line"] > 0) == ("engagements/demo_shop/engagement.yaml", True)


@pytest.mark.parametrize("words", [["plan", "demo_shop"], ["check", "demo_shop", ITEM]])
def test_a_profile_that_is_not_there_is_answered_with_the_error(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    shutil.copy(REPOSITORY / "dagster.yaml", shop)
    monkeypatch.setenv("DAGSTER_HOME", str(shop / "dagster"))
    assert call(*words, "--profile", "nowhere", "--json") == 1
    error = answered(capsys)["error"]
    assert "`nowhere`" in error["what"]
    assert "nobody" in error["where"]
    assert error["exit_code"] == 1


@pytest.mark.parametrize("words", [
    ["check"], ["validate", "demo_shop", "more"], ["status", "--jsno"], ["prove"], ["why"], ["sandbox", "reboot"],
])  # fmt: skip
def test_a_mistyped_call_is_answered_with_the_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*words, "--json") == 1
    error = answered(capsys)["error"]
    assert error["what"]
    assert error["remedy"].startswith("provisioning ")
    assert error["remedy"].endswith(" --help")


def test_an_unknown_name_is_answered_with_the_error(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["check", "demo_shop", "no_such_item"], ["plan", "demo_shop", "prod"]):
        assert call(*words, "--json") == 1
        assert words[-1] in answered(capsys)["error"]["what"]


def test_a_failure_of_ours_is_answered_without_its_words(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(_folder: Path) -> None:
        raise ValueError("value-of-a-secret")

    monkeypatch.setattr("provisioning_assets.cli.commands.load_engagement", breaks)
    assert call("validate", "demo_shop", "--json") == 1
    captured = capsys.readouterr()
    assert "ValueError" in json.loads(captured.out)["error"]["what"]
    assert "value-of-a-secret" not in captured.out + captured.err


def test_after_a_double_dash_nothing_is_an_option(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "engagements" / "museum").mkdir()
    assert call("validate", "--", "--json") == 1
    assert not capsys.readouterr().out


def test_an_item_that_is_not_built_is_not_ready_whatever_answers(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No profile, no record: it is known from the code alone."""
    assert call("check", "demo_shop", "renewal_is_rehearsed", "--json") == 2
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["environment"], row["item"], row["state"]) == ("production", "renewal_is_rehearsed", "not_run")


def test_why_tells_of_the_engagements_that_can_be_read_and_of_the_others(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "engagements" / "museum").mkdir()
    assert call("why", ITEM, "--json") == 1
    told = answered(capsys)
    assert {row["engagement"] for row in told["items"]} == {"demo_shop"}
    assert told["error"]["problems"][0]["file"] == "engagements/museum/engagement.yaml"


def test_an_interrupted_call_is_answered_with_the_error(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("provisioning_assets.cli.commands.load_engagement", interrupted)
    assert call("validate", "demo_shop", "--json") == 130
    assert answered(capsys)["error"]["exit_code"] == 130


HIDDEN = {"vpc": "hidden"}


@pytest.mark.parametrize(
    ("planned", "code"),
    [(Plan(), 0), (Plan(unseen=HIDDEN), 1), (Plan(diff({"a": {}}, {}).changes, unseen=HIDDEN), 2)],
    ids=["equal", "unseen", "differs"],
)
def test_a_plan_names_what_nobody_could_compare_and_is_not_fine(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], planned: Plan, code: int
) -> None:
    found = [Planned("staging", "networking", planned)]
    monkeypatch.setattr("provisioning_assets.cli.plans.plans", lambda *_: found)

    assert call("plan", "demo_shop", "staging") == code
    assert ("vpc" in capsys.readouterr().out) == bool(planned.unseen)
    assert call("plan", "demo_shop", "staging", "--json") == code
    (told,) = json.loads(capsys.readouterr().out)
    assert told["unseen"] == planned.unseen


def test_a_plan_that_could_not_be_made_has_the_same_names() -> None:
    made, failed = (Planned("staging", "networking", plan).as_json() for plan in (Plan(), None))

    assert list(made) == list(failed)
    assert failed["unseen"] is None
