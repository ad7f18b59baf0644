"""HTTP servers for tests that answer every request with one and the same thing: servers in trouble."""

import http.server
import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread


@contextmanager
def answering_always(status: int, document: str, **headers: str) -> Iterator[str]:
    """Yields the server's address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(document.encode())

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_arguments: object) -> None: ...

    with serving(Handler) as address:
        yield address


@contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve by a handler inside the context; yields the address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def echoing() -> Iterator[str]:
    """A server of AWS that refuses everything, and says what it was asked; yields its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.send_response(400)
            self.end_headers()
            self.wfile.write(json.dumps({"__type": "ValidationException", "message": asked}).encode())

        def log_message(self, *_: object) -> None: ...

    with serving(Handler) as address:
        yield address
