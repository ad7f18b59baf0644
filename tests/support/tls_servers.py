"""TLS servers on loopback, whose certificate a test can exchange."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread


@dataclass(frozen=True)
class Pem:
    """What lies in the secret store: a key and its chain."""

    key: str
    chain: str


@dataclass
class Edge:
    """A TLS server whose certificate a test can exchange."""

    folder: Path
    port: int = 0
    context: ssl.SSLContext | None = None

    def serve(self, issued: Pem) -> None:
        (self.folder / "key.pem").write_text(issued.key)
        (self.folder / "chain.pem").write_text(issued.chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "chain.pem", self.folder / "key.pem")
        self.context = context


@contextmanager
def listening(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            handle(self.request)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def edge_in(folder: Path) -> Iterator[Edge]:
    """A server that keeps its files in this folder."""
    made = Edge(folder)

    def shake_hands(connection: socket.socket) -> None:
        assert made.context is not None
        with made.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as tls:
            tls.settimeout(5)
            tls.do_handshake()

    with listening(shake_hands) as made.port:
        yield made
