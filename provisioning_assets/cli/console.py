"""What the commands print with, and the exit code that several of them share."""

import time

from rich.console import Console

out = Console(soft_wrap=True, highlight=False)

NOT_READY = 2
"""Changes, drift, refused or not ready."""


def tell(line: str) -> None:
    """One line of progress, with the time."""
    out.print(f"{time.strftime('%H:%M:%S')}  {line}", markup=False)
