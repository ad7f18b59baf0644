"""SIGINT and SIGTERM: both end a command in order, and its exit code says which of them came."""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_ENDING = (signal.SIGINT, signal.SIGTERM)
_came: list[int] = []
_noticed: list[socket.socket] = []


@contextmanager
def noticed() -> Iterator[None]:
    """Meanwhile both raise KeyboardInterrupt. Python notes which came, whoever handles it: Dagster does."""
    _came.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = socket.socketpair()
    before = {number: signal.getsignal(number) for number in _ENDING}
    with reading, writing:
        reading.setblocking(False)  # noqa: FBT003 - as the module names it
        writing.setblocking(False)  # noqa: FBT003
        _noticed.append(reading)
        descriptor = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        for number in _ENDING:
            if number == signal.SIGTERM or before[number] is not signal.SIG_IGN:
                signal.signal(number, signal.default_int_handler)
        try:
            yield
        finally:
            came()  # noted for good, also when nobody asked yet
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(descriptor)
            _noticed.pop()


def came() -> int:
    """The first signal that asked this command to end; 0 when none did."""
    for reading in _noticed:
        with suppress(BlockingIOError):
            _came.extend(number for number in reading.recv(64) if number in _ENDING)
    return _came[0] if _came else 0


def exit_code() -> int:
    """As shells have it: 130 after SIGINT, 143 after SIGTERM."""
    return 128 + (came() or signal.SIGINT)
