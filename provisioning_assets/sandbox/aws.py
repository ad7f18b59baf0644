"""The emulated AWS: moto, with the conditional writes of S3 and Secrets Manager made atomic.

moto tests the condition and then writes, with a thread for each request: in one of some hundred races, two writers win
(moto 5.2.5). Ledger, lock and Terraform's lock rely on that never happening, and so do the values of secrets.
"""

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

from provisioning_assets.core.pages import refused
from provisioning_assets.sandbox import imports, validation

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

_CONDITIONS = {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"}


class OneAtATime:
    """An application in which conditional writes wait for each other; everything else passes through."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._writing = Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        on_condition = environ["REQUEST_METHOD"] in {"PUT", "DELETE"} and _CONDITIONS & environ.keys()
        if not on_condition and not environ.get("HTTP_X_AMZ_TARGET", "").startswith("secretsmanager."):
            return self._application(environ, start_response)
        with self._writing:
            return self._application(environ, start_response)


class ForPrograms:
    """An application that no page of another site reaches by a browser. Programs send neither Origin nor such names."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        why = refused(lambda name: str(environ.get(f"HTTP_{name.upper().replace('-', '_')}", "")))
        if not why:
            return self._application(environ, start_response)
        body = f"refused: {why}\n".encode()
        start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]


def serve(port: int, name_server: str = "") -> None:
    """Serve until the process ends. Without a name server to ask, no certificate is ever validated."""
    os.environ["MOTO_PORT"] = str(port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # No log line for each request with its path and query.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    validation.never_by_time()
    imports.keep_to_the_documents()
    if name_server:
        validation.Validator(name_server).start()
    application = ForPrograms(OneAtATime(DomainDispatcherApplication(create_backend_app)))
    run_simple("127.0.0.1", port, application, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    serve(int(sys.argv[1]), *sys.argv[2:])
