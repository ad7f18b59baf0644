"""What the commands print with, and the exit codes that they share."""

import io
import json
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from rich.console import Console, RenderableType
from rich.text import Text

from provisioning_assets.errors import ProvisioningError


class _Lasting(Console):
    """A console whose reader may go away (`| head`): the work goes on, and its exit code still tells how it ended."""

    def on_broken_pipe(self) -> None:
        """Write to nobody from here on, instead of ending the process in the middle of its work."""
        self.quiet = True
        _to_nobody(self.file)


out = _Lasting(soft_wrap=True, highlight=False)
_errors = _Lasting(stderr=True, soft_wrap=True, highlight=False)

NOT_READY = 2
"""Changes, drift, refused or not ready."""

COULD_NOT_TELL = 1
"""An error, or an answer that nobody could get."""

STYLES = {"green": "green", "red": "red", "not_run": "yellow", "stale": "yellow", "waived": "magenta"}
"""How each state is shown."""


def write_in_any_encoding() -> None:
    """What a terminal's encoding does not have is written as an escape: it is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def asked_for_json(words: Sequence[str]) -> bool:
    """Whether a machine reads standard output; known also of a call that cannot be understood."""
    return "--json" in (words[: words.index("--")] if "--" in words else words)


def for_machines(chosen: bool) -> bool:  # noqa: FBT001 - the value of an option
    """With `--json`, standard output holds the answer alone; what is said meanwhile goes to standard error."""
    out.stderr = out.stderr or chosen
    return chosen


def answer(document: Any) -> None:
    """The one JSON document on standard output."""
    _written(lambda: print(json.dumps(document, indent=2, allow_nan=False), flush=True))  # noqa: T201 - as it is


def say(words: RenderableType, style: str = "") -> None:
    """The answer for people, or a part of it."""
    _written(lambda: out.print(words, style=style or None, markup=False))


def tell(line: str, state: str = "") -> None:
    """One line of progress, with the time. What it tells of goes on, also when it cannot be written."""
    text = Text(f"{time.strftime('%H:%M:%S')}  {line}")
    if state:
        text.highlight_regex(rf"\b{state}\b", STYLES[state])
    with suppress(OSError):
        out.print(text)


def warn(words: str) -> None:
    """What went wrong, in red, on standard error."""
    with suppress(OSError):
        _errors.print(words, style="red", markup=False)


def follow_progress(*, brief: bool = False) -> None:
    """Show what runs log of their progress; `brief` leaves out why items are as they are, for who tells it later."""
    logger = logging.getLogger("provisioning")
    logger.setLevel(logging.INFO)
    logger.handlers = [each for each in logger.handlers if not isinstance(each, _Progress)]
    if not logger.handlers:
        logger.addHandler(_Progress(brief=brief))
        logger.propagate = False


class _Progress(logging.Handler):
    def __init__(self, *, brief: bool) -> None:
        super().__init__()
        self._brief = brief

    def emit(self, record: logging.LogRecord) -> None:
        """Show a line of progress."""
        item: Mapping[str, str] = getattr(record, "item", {})
        tell(item["seen"] if item and self._brief else record.getMessage(), item.get("state", ""))


def _written(write: Any) -> None:
    """Write an answer. A reader that went away wanted no more of it; anything else is an error."""
    try:
        write()
    except BrokenPipeError:
        _to_nobody(sys.stdout)
    except OSError as error:
        _to_nobody(sys.stdout)  # what is left in its buffer would fail again, at the very end
        raise ProvisioningError(
            "the answer could not be written",
            where="standard output",
            cause=error.strerror or type(error).__name__,
            remedy="make room, or write it elsewhere; nothing else went wrong: call again",
        ) from None


def _to_nobody(stream: IO[str]) -> None:
    with suppress(OSError):
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, stream.fileno())
        os.close(nobody)
