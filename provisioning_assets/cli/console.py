"""What the commands print with, and the exit codes that they share."""

import logging
import time

from rich.console import Console

out = Console(soft_wrap=True, highlight=False)
_errors = Console(stderr=True, soft_wrap=True, highlight=False)

NOT_READY = 2
"""Changes, drift, refused or not ready."""

COULD_NOT_TELL = 1
"""An error, or an answer that nobody could get."""

STYLES = {"green": "green", "red": "red", "not_run": "yellow", "stale": "yellow", "waived": "magenta"}
"""How each state is shown."""


def for_machines(chosen: bool) -> bool:  # noqa: FBT001 - the value of an option
    """With `--json`, standard output holds the answer alone; what is said meanwhile goes to standard error."""
    out.stderr = out.stderr or chosen
    return chosen


def tell(line: str) -> None:
    """One line of progress, with the time."""
    out.print(f"{time.strftime('%H:%M:%S')}  {line}", markup=False)


def warn(words: str) -> None:
    """What went wrong, in red, on standard error."""
    _errors.print(words, style="red", markup=False)


def follow_progress() -> None:
    """Show what runs log of their progress."""
    logger = logging.getLogger("provisioning")
    logger.setLevel(logging.INFO)
    if not logger.handlers:
        logger.addHandler(_Progress())
        logger.propagate = False


class _Progress(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Show a line of progress."""
        tell(record.getMessage())
