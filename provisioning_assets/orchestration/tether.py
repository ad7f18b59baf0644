"""A command that ends with the process that started it, also with one that was killed.

    python -m provisioning_assets.orchestration.tether PARENT COMMAND...

Linux alone can do this; elsewhere the command outlives a kill.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def tethered(command: list[str]) -> list[str]:
    """The command, tied to this process. Start it from the main thread: it ends with the thread that started it."""
    return [sys.executable, "-m", __name__, str(os.getpid()), *command]


def main(parent: str, *command: str) -> None:
    """Tie this process to its parent, and become the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it ended before that
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - a command of our own


if __name__ == "__main__":
    main(*sys.argv[1:])
