"""Profiles: which one an environment is reached with, and that nothing else of the machine is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provisioning_assets.backends.access import OF_PROCESS, Access
from provisioning_assets.errors import ConfigurationError, ProviderFailed
from provisioning_assets.runs.profiles import CHOSEN, access_of
from tests.support.runs import engagement, environment


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository and an operator without profiles."""
    monkeypatch.delenv(CHOSEN, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "repository").mkdir()
    return tmp_path / "repository"


@pytest.fixture
def operators(tmp_path: Path) -> Path:
    """Where the operator's own profiles lie."""
    return tmp_path / "config/provisioning/profiles"


def own(repository: Path) -> Path:
    """Where the repository's profiles lie."""
    return repository / ".provisioning/profiles"


def write(folder: Path, name: str, text: str = "", mode: int = 0o600) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.env"
    file.write_text(text or f"VAULT_ADDR=https://{name}.example\n", encoding="utf-8")
    file.chmod(mode)
    return file


def access(repository: Path, name: str = "production", profile: str | None = None) -> Access:
    every = [environment(each, profile) for each in ("staging", "production")]
    where = next((each for each in every if each.name == name), environment(name, profile))
    return access_of(engagement(repository, *every, where), where)


def address(*arguments: str | Path | None) -> str:
    return access(*arguments).get("VAULT_ADDR").removeprefix("https://").removesuffix(".example")


def test_without_a_profile_the_shell_counts(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_ADDR", "https://shell.example")
    found = access(repository)
    assert (found.name, found.get("VAULT_ADDR")) == (OF_PROCESS, "https://shell.example")
    assert (found.region, found.folder) == ("eu-central-1", repository)


def test_the_files_profile_counts_and_nothing_of_the_shell(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(own(repository), "agency")
    monkeypatch.setenv("VAULT_ADDR", "https://shell.example")
    monkeypatch.setenv("AWS_PROFILE", "stray")
    found = access(repository, "production", "agency")
    assert dict(found.variables) == {"VAULT_ADDR": "https://agency.example"}
    assert str(file) in found.name
    assert found.given["AWS_PROFILE"] == "stray"


@pytest.mark.parametrize(
    ("chosen", "staging", "production"),
    [
        ("", "file", "file"),
        ("shell", "shell", "shell"),
        ("production=shell", "file", "shell"),
        ("other,production=shell", "other", "shell"),
        (" staging = other , production = shell ", "other", "shell"),
    ],
)
def test_the_shell_chooses_before_the_file(
    repository: Path, monkeypatch: pytest.MonkeyPatch, chosen: str, staging: str, production: str
) -> None:
    for name in ("file", "shell", "other"):
        write(own(repository), name)
    monkeypatch.setenv(CHOSEN, chosen)
    assert (address(repository, "staging", "file"), address(repository, "production", "file")) == (staging, production)


def test_the_shell_may_choose_where_the_file_names_none(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(own(repository), "shell")
    monkeypatch.setenv(CHOSEN, "production=shell")
    assert address(repository) == "shell"
    assert access(repository, "staging").name == OF_PROCESS


def test_the_repositorys_profile_comes_before_the_operators(repository: Path, operators: Path) -> None:
    write(operators, "agency", "VAULT_ADDR=https://operator.example\n")
    assert address(repository, "production", "agency") == "operator"
    write(own(repository), "agency")
    assert address(repository, "production", "agency") == "agency"


def test_a_missing_profile_is_told_with_where_it_could_lie(repository: Path, operators: Path) -> None:
    write(own(repository), "agency")
    with pytest.raises(ProviderFailed, match="`nowhere`") as missing:
        access(repository, "production", "nowhere")
    for folder in (own(repository), operators):
        assert str(folder / "nowhere.env") in missing.value.where


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o601])
def test_a_profile_that_is_open_to_others_is_refused(repository: Path, mode: int) -> None:
    file = write(own(repository), "agency", mode=mode)
    with pytest.raises(ProviderFailed) as refused:
        access(repository, "production", "agency")
    assert refused.value.where == str(file)
    assert f"{mode:o}" in refused.value.cause
    assert refused.value.remedy == f"chmod 600 {file}"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("# addresses\nVAULT_ADDR\n", [2]),
        ("A=1\n\nthis is none\nB=2\n=3\n", [3, 5]),
        ("A='never closed\n", [1]),
    ],
)
def test_a_line_that_is_no_variable_is_told_by_file_and_line(repository: Path, text: str, lines: list[int]) -> None:
    file = write(own(repository), "agency", text)
    with pytest.raises(ConfigurationError) as wrong:
        access(repository, "production", "agency")
    assert [(problem.file, problem.line) for problem in wrong.value.problems] == [(str(file), line) for line in lines]
    assert "NAME=value" in wrong.value.remedy


def test_quotes_comments_and_home_are_read_as_in_a_shell(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/dana")
    text = "# one\nexport A='1 2'\nB=\"3\" # three\nC=$A\nEMPTY=\nVAULT_TOKEN_FILE=~/token\nPLAIN=~/token\n"
    write(own(repository), "agency", text)
    assert dict(access(repository, "production", "agency").variables) == {
        "A": "1 2", "B": "3", "C": "$A", "EMPTY": "", "VAULT_TOKEN_FILE": "/home/dana/token", "PLAIN": "~/token",
    }  # fmt: skip


def test_a_profile_that_is_no_text_is_told(repository: Path) -> None:
    file = write(own(repository), "agency")
    file.write_bytes(b"A=\xff\n")
    with pytest.raises(ProviderFailed) as wrong:
        access(repository, "production", "agency")
    assert wrong.value.where == str(file)


def test_an_emulation_that_nobody_knows_is_told(repository: Path) -> None:
    file = write(own(repository), "agency", "# which\n\nPROVISIONING_EMULATION=cloudless\n")
    with pytest.raises(ConfigurationError) as wrong:
        access(repository, "production", "agency")
    assert [(problem.file, problem.line) for problem in wrong.value.problems] == [(str(file), 3)]
    assert "`cloudless`" in wrong.value.problems[0].what


def test_two_environments_have_two_accesses(repository: Path) -> None:
    write(own(repository), "one")
    write(own(repository), "two")
    assert (address(repository, "staging", "one"), address(repository, "production", "two")) == ("one", "two")


def test_a_profile_for_an_environment_that_is_not_there_is_an_error(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVISIONING_PROFILE", "stagin=sandbox")
    with pytest.raises(ProviderFailed) as unknown:
        access_of(engagement(repository, environment()), environment())
    assert "staging" in unknown.value.remedy


def test_an_unknown_emulation_of_the_shell_is_an_error(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISIONING_EMULATION", "mota")
    with pytest.raises(ConfigurationError):
        access(repository)


@pytest.mark.parametrize("locked", [".provisioning", ".provisioning/profiles"])
def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locked: str) -> None:
    monkeypatch.delenv(CHOSEN, raising=False)
    (tmp_path / ".provisioning/profiles").mkdir(parents=True)
    where = environment("production", "agency")
    with nobody_reads(tmp_path / locked), pytest.raises(ProviderFailed) as refused:
        access_of(engagement(tmp_path, where), where)
    assert str(tmp_path / ".provisioning/profiles/agency.env") in refused.value.where
    assert refused.value.cause
    assert refused.value.remedy


@contextmanager
def nobody_reads(folder: Path) -> Iterator[None]:
    """Meanwhile this process may not read the folder, also when it runs as root."""
    before, user = folder.stat().st_mode, os.geteuid()
    folder.chmod(0)
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(before)
