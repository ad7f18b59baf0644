"""`provisioning`, and `python -m provisioning_assets.cli`.

To load the commands takes half a second. Who interrupts that is told so in one line, and nothing was begun.
"""

import os
import signal
from types import FrameType


def main() -> None:
    """Load the commands, and run one."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # what a shell puts into the background ignores SIGINT
            signal.signal(number, _end)
    from provisioning_assets.cli import commands  # noqa: PLC0415 - signals are ours from here on

    commands.main()


def _end(number: int, _frame: FrameType | None) -> None:
    """At once: an exception could be lost, or shown, by whatever is being loaded or unloaded."""
    os.write(2, b"error: interrupted\n")
    os._exit(128 + number)


if __name__ == "__main__":
    main()
