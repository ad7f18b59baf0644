"""Edges of tests: web servers on plain HTTP that serve what lies in a webroot."""

import http.server
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

Look = Callable[[str], bytes | None]
"""The file behind a path, without its first `/`; None where there is none."""


@contextmanager
def edge(port: int, look: Look) -> Iterator[list[str]]:
    """Serve files; yields the paths that were asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            found = look(self.path.removeprefix("/"))
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_arguments: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join()
