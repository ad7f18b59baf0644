"""What the commands print to, in this process."""

import os
from pathlib import Path

import pytest

from provisioning_assets.cli import console

FULL = Path("/dev/full")


def test_progress_that_cannot_be_written_stops_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with FULL.open("w") as full:
        monkeypatch.setattr(console.out, "_file", full)
        console.tell("an apply goes on")
        monkeypatch.undo()
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())  # what is left in its buffer goes there
    console.out._buffer.clear()


@pytest.mark.parametrize(("words", "machine"), [
    (["status", "--json"], True), (["status"], False), (["validate", "--", "--json"], False), ([], False),
])  # fmt: skip
def test_who_reads_is_known_from_the_words_alone(words: list[str], *, machine: bool) -> None:
    assert console.asked_for_json(words) is machine
