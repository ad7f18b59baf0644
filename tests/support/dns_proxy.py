"""A proxy before a name server that counts updates, and cuts the line at one of them."""

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_UPDATE = 5


@dataclass
class Proxy:
    """One message for each connection, as dnspython asks."""

    upstream: str
    address: str
    updates: int = 0
    before: Callable[[int], object] = lambda _number: None
    """Called with the number of each update, before the server gets it."""
    cut_at: int = 0
    """Number of the update at which the line is cut; 0 is never."""
    arrives: bool = False
    """Whether the server gets that update; its answer is lost either way."""
    for_good: bool = False
    """Whether nobody comes through after the cut."""
    _cut: bool = field(default=False, init=False)

    def pass_on(self, client: socket.socket) -> None:
        """One connection, from the question to the end of the answer."""
        host, _, port = self.upstream.rpartition(":")
        with client, suppress(OSError), socket.create_connection((host, int(port)), timeout=30) as server:
            message = _message(client)
            if self._cut and self.for_good:
                return
            if (message[4] >> 3) & 15 == _UPDATE:
                self.updates += 1
                self.before(self.updates)
                if self.updates == self.cut_at:
                    self._cut = True
                    if self.arrives:
                        server.sendall(message)
                        _message(server)
                    return
            server.sendall(message)
            while client not in select.select([server, client], [], [], 30)[0] and (more := server.recv(65536)):
                client.sendall(more)


@contextmanager
def proxy(upstream: str) -> Iterator[Proxy]:
    """A proxy on a port of its own."""
    passing: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found = Proxy(upstream, f"127.0.0.1:{listening.getsockname()[1]}")

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    passing.append(threading.Thread(target=found.pass_on, args=(client,)))
                    passing[-1].start()

        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield found
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            serving.join()
            for each in passing:
                each.join()


def _message(connection: socket.socket) -> bytes:
    """A message with its length before it."""
    length = connection.recv(2, socket.MSG_WAITALL)
    return length + connection.recv(int.from_bytes(length), socket.MSG_WAITALL)
