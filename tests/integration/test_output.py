"""What the commands print to: a reader that goes away, a disk that is full, an encoding that lacks a letter."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, fresh_shell
from tests.support.repositories import copy_repository

FULL = Path("/dev/full")


@pytest.fixture
def provisioning(tmp_path: Path) -> CommandLine:
    """In a repository on a machine where nothing runs."""
    copy_repository(tmp_path)
    return CommandLine(tmp_path, fresh_shell())


def run(provisioning: CommandLine, *words: str, into: int) -> subprocess.CompletedProcess[str]:
    """A command whose standard output goes there."""
    return subprocess.run(
        provisioning.command(*words),
        cwd=provisioning.folder,
        env=provisioning.environment,
        stdout=into,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", [("validate", "demo_shop"), ("validate", "demo_shop", "--json")])
def test_a_reader_that_went_away_changes_no_exit_code(provisioning: CommandLine, words: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = run(provisioning, *words, into=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_an_answer_that_cannot_be_written_is_an_error(provisioning: CommandLine, option: tuple[str, ...]) -> None:
    with FULL.open("w") as full:
        done = run(provisioning, "validate", "demo_shop", *option, into=full.fileno())
    assert done.returncode == 1
    assert "where: standard output" in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("words", [("apply", "--help"), ("sandbox", "status"), ("validate", "d\u00e9mo")])
def test_an_encoding_that_lacks_a_letter_is_no_error(provisioning: CommandLine, words: tuple[str, ...]) -> None:
    plain = provisioning.run(*words)
    done = provisioning.run(*words, PYTHONIOENCODING="ascii")
    assert done.returncode == plain.returncode
    assert done.stdout.isascii()
    assert done.stderr.isascii()
    assert "UnicodeEncodeError" not in done.stderr


def test_a_document_is_whole_in_any_encoding(provisioning: CommandLine) -> None:
    done = provisioning.run("validate", "d\u00e9mo", "--json", PYTHONIOENCODING="ascii")
    assert "d\u00e9mo" in json.loads(done.stdout)["error"]["what"]


def test_a_narrow_terminal_shows_help_whole(provisioning: CommandLine) -> None:
    done = provisioning.run("check", "--help", COLUMNS="40")
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("ENGAGEMENT", "ENVIRONMENT", "ITEM", "--profile", "--json"))


def test_no_colour_is_written_where_none_is_wanted(provisioning: CommandLine) -> None:
    done = provisioning.run("status", NO_COLOR="1", FORCE_COLOR="")
    assert "\x1b" not in done.stdout + done.stderr
