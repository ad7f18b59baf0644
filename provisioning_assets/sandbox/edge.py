"""The HTTPS edge: serves, by SNI, the certificates that lie in the secret store, and a health endpoint."""

import os
import ssl
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import hvac
import requests
from hvac.exceptions import InvalidPath, VaultError

from provisioning_assets.providers.certificates.served import describe

LOOK_EVERY = 1.0
"""Seconds between two looks for new certificates."""

_PREFIX = "certificate-"


class Certificates:
    """Contexts by name, kept fresh from every `…-runtime` mount of the store."""

    def __init__(self, address: str, token: str) -> None:
        make: Any = hvac.Client
        self._client = make(url=address, token=token, timeout=3)
        self._versions: dict[tuple[str, str], int] = {}
        self._contexts: dict[tuple[str, str], tuple[tuple[str, ...], ssl.SSLContext]] = {}

    def keep_fresh(self, ended: threading.Event) -> None:
        """Look again and again; a store that is away leaves what is there."""
        while not ended.wait(LOOK_EVERY):
            try:
                self._look()
            except (VaultError, requests.RequestException) as error:
                print(f"the secret store does not answer: {type(error).__name__}", flush=True)  # noqa: T201 - its log

    def context(self, host: str) -> ssl.SSLContext | None:
        """The certificate for a host: one that names it before a wildcard that covers it."""
        wildcard = "*." + host.split(".", 1)[-1]
        for wanted in (host, wildcard):
            for names, context in self._contexts.values():
                if wanted in names:
                    return context
        return None

    def _look(self) -> None:
        kv = self._client.secrets.kv.v2
        mounts = self._client.sys.list_mounted_secrets_engines()["data"]
        for mount in (name.rstrip("/") for name in mounts if name.endswith("-runtime/")):
            try:
                names = kv.list_secrets(path="", mount_point=mount)["data"]["keys"]
            except InvalidPath:
                continue
            for name in (name for name in names if name.startswith(_PREFIX)):
                version = kv.read_secret_metadata(path=name, mount_point=mount)["data"]["current_version"]
                if self._versions.get((mount, name)) != version:
                    self._load(mount, name)
                    self._versions[mount, name] = version

    def _load(self, mount: str, name: str) -> None:
        answer = self._client.secrets.kv.v2.read_secret_version(
            path=name, mount_point=mount, raise_on_deleted_version=True
        )
        value: Mapping[str, str] = answer["data"]["data"]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # `ssl` loads from files only: this one has no second reader and is gone at once.
        with NamedTemporaryFile("w", dir=_memory(), suffix=".pem") as file:
            file.write(value["key"] + value["chain"])
            file.flush()
            context.load_cert_chain(file.name)
        self._contexts[mount, name] = describe(value["chain"]).names, context
        print(f"serving {mount}/{name}", flush=True)  # noqa: T201 - its log


def _memory() -> str | None:
    """A folder in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - files there are mode 600


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """`/healthz` says ok; everything else names the host."""
        healthy = self.path == "/healthz"
        body = b"ok\n" if healthy else f"{self.headers.get('Host', '')}\n".encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the parent's
        """Requests are no events."""


class _Server(ThreadingHTTPServer):
    def __init__(self, port: int, certificates: Certificates) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

        def choose(connection: ssl.SSLObject, host: str | None, _context: ssl.SSLContext) -> int | None:
            found = certificates.context((host or "").lower())
            if found is None:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            connection.context = found
            return None

        self._context.sni_callback = choose

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the request's own thread: a silent client holds nobody up."""
        request.settimeout(10)
        try:
            tls = self._context.wrap_socket(request, server_side=True)
        except (ssl.SSLError, OSError):
            return
        with tls:
            super().finish_request(tls, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no event."""


def serve(port: int) -> None:
    """Serve until the process is ended."""
    token = Path(os.environ["VAULT_TOKEN_FILE"]).read_text(encoding="utf-8").strip()
    certificates = Certificates(os.environ["VAULT_ADDR"], token)
    threading.Thread(target=certificates.keep_fresh, args=(threading.Event(),), daemon=True).start()
    _Server(port, certificates).serve_forever()
