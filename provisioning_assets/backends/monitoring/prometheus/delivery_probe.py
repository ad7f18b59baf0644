"""The delivery probe: keeps what Alertmanager sends to its webhook, until somebody who reads it says so.

    python -m provisioning_assets.backends.monitoring.prometheus.delivery_probe 127.0.0.1:9095

`POST /<scope>/<route>` keeps a notification; `GET` shows what is kept there; `DELETE ?through=<number>` forgets.
It keeps in memory: whoever reads is told by `started` when it is another one than before. A page of another site could
make a browser send a notification that nobody sent: such requests are refused.
"""

import json
import sys
from collections import defaultdict, deque
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Lock
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from provisioning_assets.core.pages import names_this_machine, refused

_KEPT = 1000
"""Notifications of one route; the oldest go first, which a proof has long read."""
_LONGEST = 1_000_000
"""Bytes of a notification."""
_WAITS = 5
"""Seconds for a sender that says no more."""


class Kept:
    """What came, by its place."""

    def __init__(self) -> None:
        self.started = uuid4().hex
        self._numbers = count(1)
        self._got = defaultdict[str, deque[dict[str, object]]](lambda: deque(maxlen=_KEPT))
        self._changing = Lock()

    def add(self, place: str, body: str) -> None:
        """Keep one."""
        with self._changing:
            at = datetime.now(UTC).isoformat()
            self._got[place].append({"number": next(self._numbers), "received_at": at, "body": body})

    def show(self, place: str) -> dict[str, object]:
        """What is kept there."""
        with self._changing:
            return {"started": self.started, "got": list(self._got.get(place, ()))}

    def forget(self, place: str, through: int) -> None:
        """All of a place up to this number."""
        with self._changing:
            kept = [each for each in self._got.pop(place, ()) if int(str(each["number"])) > through]
            self._got[place].extend(kept)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _WAITS
    kept: Kept

    def parse_request(self) -> bool:
        """Read a request's head; only a program's is answered."""
        if not super().parse_request():
            return False
        host = str(self.connection.getsockname()[0])
        if why := refused(lambda name: self.headers.get(name, ""), anywhere=not names_this_machine(host)):
            self.close_connection = True
            self._answer(HTTPStatus.FORBIDDEN, why)
            return False
        return True

    def do_GET(self) -> None:
        self._answer(HTTPStatus.OK, self.kept.show(urlsplit(self.path).path))

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        if length > _LONGEST:
            self.close_connection = True
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        self.kept.add(urlsplit(self.path).path, self.rfile.read(length).decode(errors="replace"))
        self._answer(HTTPStatus.OK)

    def do_DELETE(self) -> None:
        asked = urlsplit(self.path)
        try:
            self.kept.forget(asked.path, int(parse_qs(asked.query)["through"][0]))
        except (KeyError, ValueError):
            self._answer(HTTPStatus.BAD_REQUEST)
            return
        self._answer(HTTPStatus.OK)

    def _answer(self, status: HTTPStatus, said: object = None) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


def serve(host: str, port: int) -> None:
    """Keep until the process is ended."""
    handler = type("Handler", (_Handler,), {"kept": Kept()})
    with ThreadingHTTPServer((host, port), handler) as server:
        server.daemon_threads = True
        server.serve_forever()


if __name__ == "__main__":
    listen_host, _, listen_port = (sys.argv[1:] or ["127.0.0.1:9095"])[0].rpartition(":")
    serve(listen_host, int(listen_port))
