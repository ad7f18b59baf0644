"""Parts that live together: when one ends by itself, all end, and no process is left behind."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from provisioning_assets.errors import ProvisioningError, internal

_LOOK_EVERY = 0.5
"""Seconds between two looks whether a process still runs."""
ENDING = 10.0
"""Seconds that a part gets to end by itself."""


class Parts:
    """Threads and processes beside a server: the first that fails stops it, and says why."""

    def __init__(self, stop: Callable[[], None], ended: threading.Event) -> None:
        self.ended = ended
        self._stop = stop
        self._failed: list[ProvisioningError] = []
        self._threads: list[threading.Thread] = []

    def run(self, name: str, work: Callable[[], None]) -> None:
        """Run a part in a thread of its own."""

        def guarded() -> None:
            try:
                work()
            except ProvisioningError as error:
                self._fail(error)
            except Exception as error:  # noqa: BLE001 - see `internal`
                self._fail(internal(name, error))

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def outlast(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Watch a process that must not end before the others."""

        def watch() -> None:
            while not self.ended.wait(_LOOK_EVERY):
                code = process.poll()
                # Whoever ends a service signals all of its processes at once: then the others are about to end, too.
                if code is not None and not self.ended.wait(_LOOK_EVERY):
                    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
                    raise ProvisioningError(
                        f"{name} {how}, so all of it has ended",
                        where=f"process {process.pid}",
                        cause="see above what it printed last",
                        remedy="start it again: provisioning ui",
                    )

        self.run(name, watch)

    def end(self) -> None:
        """Ask all to end, and wait a little: what is read then is not needed any more."""
        self.ended.set()
        deadline = time.monotonic() + ENDING / 2
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def raise_failure(self) -> None:
        """Raise why the first part ended by itself, if one did."""
        if self._failed:
            raise self._failed[0]

    def _fail(self, error: ProvisioningError) -> None:
        if not self.ended.is_set():
            self._failed.append(error)
            self._stop()


def end(process: subprocess.Popen[bytes]) -> None:
    """End a child: in order, or by force."""
    process.terminate()
    try:
        process.wait(ENDING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def no_orphans(tell: Callable[[str], object]) -> Iterator[Callable[[], None]]:
    """End whatever this process started, and what that started: runs that are at work are interrupted.

    Call what is yielded before the first of them ends: who has lost its parent cannot be found any more.
    """
    started: set[psutil.Process] = set()

    def remember() -> None:
        started.update(psutil.Process().children(recursive=True))

    try:
        yield remember
    finally:
        remember()
        _, alive = psutil.wait_procs(started, ENDING / 2)
        if alive:
            tell(f"interrupting what is still at work: {', '.join(str(each.pid) for each in alive)}")
        for stop in (psutil.Process.terminate, psutil.Process.kill):
            for each in alive:
                with suppress(psutil.NoSuchProcess):
                    stop(each)
            _, alive = psutil.wait_procs(alive, ENDING)
