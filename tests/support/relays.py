"""Relays before HTTP servers of tests, which hang up or answer something else where a test wants it."""

import http.server
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests

from tests.support.http_servers import serving

Change = Callable[[str, bytes], bytes | None]
"""What is answered instead, from the path and the real answer; None hangs up without one."""
Lose = Callable[[str], str]
"""What of a call to AWS gets lost, from its operation: its `request`, its `answer`, or nothing (empty)."""


@contextmanager
def losing(upstream: str, lose: Lose) -> Iterator[str]:
    """Yields the address of a relay before an emulated AWS, which loses calls of some operations."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            lost = lose(self.headers.get("X-Amz-Target", "").rpartition(".")[2])
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if lost != "request":
                answer = requests.post(upstream + self.path, headers=self.headers, data=body, timeout=10)
            if lost:
                self.connection.close()
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_arguments: object) -> None: ...

    with serving(Handler) as address:
        yield address


@contextmanager
def relaying(upstream: str, change: Change) -> Iterator[str]:
    """Yields the relay's address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = requests.request(self.command, upstream + self.path, headers=self.headers, data=body, timeout=10)
            content = change(self.path, answer.content)
            if content is None:
                self.connection.close()
                return
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in {"content-length", "content-encoding", "transfer-encoding", "connection"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else content)

        do_POST = do_HEAD = do_GET  # noqa: N815 - the names are the parent's

        def log_message(self, *_arguments: object) -> None: ...

    with serving(Handler) as address:
        yield address
