"""What people type: nothing that names nothing is fine, and a mistyped call is an error, not a drift."""

from pathlib import Path

import pytest

from provisioning_assets.cli.commands import main
from provisioning_assets.cli.console import out

ITEM = "dns_has_not_drifted"


@pytest.fixture(autouse=True)
def process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a command prints holds for its process; here several run in one."""
    monkeypatch.setattr(out, "stderr", False)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that has no engagement yet."""
    (tmp_path / "engagements").mkdir()
    (tmp_path / "definitions.py").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> int | str | None:
    """Exit code of a command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["provisioning", *words])
        with pytest.raises(SystemExit) as end:
            main()
    return end.value.code


@pytest.mark.parametrize("words", [
    ["drift"], ["apply"], ["drift", "demo_shop", "staging", "more"], ["status", "--jsno"], ["prove"], [],
    ["sandbox", "reboot"], ["ui", "--port", "front"],
])  # fmt: skip
def test_a_mistyped_call_ends_with_1_and_says_where_to_look(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "--help" in said
    assert not said.startswith("error: \n")


def test_help_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    assert "readiness" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["status"], ["status", "--json"], ["why", ITEM], ["check", "demo_shop"]])
def test_no_engagement_at_all_is_an_error(
    repository: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert run(*words) == 1
    captured = capsys.readouterr()
    assert "there are no engagements" in captured.err
    assert str(repository) in captured.err
    assert not captured.out


@pytest.mark.parametrize("name", ["", "..", "../engagements/museum", "/etc", "Museum", "cinema"])
def test_only_a_name_names_an_engagement(repository: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (repository / "engagements/museum").mkdir()
    assert run("check", name) == 1
    assert f"there is no engagement `{name}`" in capsys.readouterr().err


def test_a_folder_without_its_file_is_shown_with_what_it_lacks(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "engagements/museum").mkdir()
    (repository / "engagements/museum/engagement.yml").touch()
    assert run("status") == 1
    assert "engagements/museum/engagement.yaml: there is no such file" in capsys.readouterr().out


def test_why_ends_with_1_when_the_record_could_not_be_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert run("why", ITEM, "demo_shop") == 1
    assert f"{ITEM} is red: the record could not be read" in capsys.readouterr().out
