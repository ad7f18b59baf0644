"""The gateway: a proxy by which programs reach the edge under names that resolve nowhere else (HTTP CONNECT)."""

import select
import socket
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_IDLE = 10
"""Seconds without a byte after which a connection ends."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    edge: tuple[str, int]

    def do_CONNECT(self) -> None:
        """Lead to the edge, whatever name is asked for; other ports than that of HTTPS lead nowhere."""
        if not self.path.endswith(":443"):
            self.send_error(HTTPStatus.BAD_GATEWAY)
            return
        try:
            edge = socket.create_connection(self.edge, timeout=_IDLE)
        except OSError:
            self.send_error(HTTPStatus.BAD_GATEWAY)
            return
        with edge:
            self.send_response(HTTPStatus.OK)
            self.end_headers()
            self._carry(edge)
        self.close_connection = True

    def _carry(self, edge: socket.socket) -> None:
        other = {self.connection: edge, edge: self.connection}
        while ready := select.select(list(other), [], [], _IDLE)[0]:
            for source in ready:
                data = source.recv(65536)
                if not data:
                    return
                other[source].sendall(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the parent's
        """Log nothing: requests are not worth a line."""


def serve(port: int, edge: str) -> None:
    """Serve until the process ends."""
    host, _, at = edge.rpartition(":")
    _Handler.edge = host, int(at)
    ThreadingHTTPServer(("127.0.0.1", port), _Handler).serve_forever()
