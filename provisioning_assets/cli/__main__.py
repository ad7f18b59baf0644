"""`provisioning`, and `python -m provisioning_assets.cli`.

To load the commands takes half a second. Who interrupts that is told so in one line, and nothing was begun.
"""

import atexit
import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Load the commands, and run one."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # what a shell puts into the background ignores SIGINT
            signal.signal(number, _end)
    from provisioning_assets.cli import commands, interrupts  # noqa: PLC0415 - signals are ours from here on

    try:
        commands.main()
    except (KeyboardInterrupt, SystemExit) as end:
        if not interrupts.came():
            raise
        # Interrupted within an `exec`, as of a dataclass, Python would end itself by SIGINT, whatever was made of it.
        code = end.code if isinstance(end, SystemExit) else interrupts.exit_code()
        atexit._run_exitfuncs()  # noqa: SLF001 - as Python itself does before it ends
        sys.stdout.flush()
        os._exit(code if isinstance(code, int) else 1)


def _end(number: int, _frame: FrameType | None) -> None:
    """At once: an exception could be lost, or shown, by whatever is being loaded or unloaded."""
    os.write(2, b"error: interrupted\n")
    os._exit(128 + number)


if __name__ == "__main__":
    main()
