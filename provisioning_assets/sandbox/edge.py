"""The HTTPS edge: serves, by SNI, the certificates in the secret store, and a health endpoint."""

import os
import ssl
import threading
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import requests
from botocore.exceptions import BotoCoreError, ClientError
from hvac.exceptions import VaultError

from provisioning_assets.core.pages import refused
from provisioning_assets.errors import ProviderFailed
from provisioning_assets.probes.tls import describe
from provisioning_assets.sandbox.processes import say
from provisioning_assets.sandbox.stored_certificates import OfOpenBao, OfSecretsManager, Store

LOOK_EVERY = 1.0
"""Seconds between two looks for new certificates."""


@dataclass(frozen=True)
class _Loaded:
    version: str
    names: tuple[str, ...] = ()
    context: ssl.SSLContext | None = None


class Certificates:
    """TLS contexts by name, kept up to date from the secret store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loaded: dict[str, _Loaded] = {}

    def keep_fresh(self, ended: threading.Event) -> None:
        """Look repeatedly; while the store is away, keep the certificates that are loaded."""
        while not ended.is_set():
            try:
                self.look()
            except (VaultError, requests.RequestException, BotoCoreError, ClientError, OSError) as error:
                say(f"the secret store does not answer: {type(error).__name__}")
            ended.wait(LOOK_EVERY)

    def context(self, host: str) -> ssl.SSLContext | None:
        """The certificate for a host: one that names it, else a wildcard that covers it."""
        wildcard = "*." + host.partition(".")[2]
        covering = (each.context for name in (host, wildcard) for each in self._loaded.values() if name in each.names)
        return next(covering, None)

    def look(self) -> None:
        """Load what is new, and forget what is gone."""
        found: dict[str, _Loaded] = {}
        for name, version in self._store.look():
            before = self._loaded.get(name)
            unchanged = before is not None and before.version == version
            found[name] = before if before and unchanged else self._load(name, version, before)
        self._loaded = found  # in one step, because handshakes read it concurrently

    def _load(self, name: str, version: str, before: _Loaded | None) -> _Loaded:
        """Load a version; if it is not a certificate with its key, keep the last good one."""
        try:
            value = self._store.read(name)
            loaded = _Loaded(version, describe(value["chain"]).names, _context(value["key"], value["chain"]))
        except (KeyError, ValueError, TypeError, AttributeError, ssl.SSLError, ProviderFailed) as error:
            say(f"{name} is no certificate with its key: {type(error).__name__}")
            return replace(before or _Loaded(version), version=version)
        say(f"serving {name}")
        return loaded


def _context(key: str, chain: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # `ssl` loads only from files: nobody else can read this one, and it is deleted at once.
    with NamedTemporaryFile("w", dir=_memory(), suffix=".pem") as file:
        file.write(f"{key}\n{chain}")  # a key may lack its last newline
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _memory() -> str | None:
    """A folder in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - files there are mode 600


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer `/healthz` with ok, and everything else with the name of the host. Its names are the engagement's."""
        if why := refused(lambda name: self.headers.get(name, ""), anywhere=True):
            self.send_error(HTTPStatus.FORBIDDEN, why)
            return
        healthy = self.path == "/healthz"
        body = b"ok\n" if healthy else f"{self.headers.get('Host', '')}\n".encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the parent's
        """Log nothing: requests are not worth a line."""


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
        """Do the TLS handshake in the request's own thread, so that a silent client holds up nobody."""
        request.settimeout(10)
        try:
            tls = self._context.wrap_socket(request, server_side=True)
        except (ssl.SSLError, OSError):
            return
        with tls:
            super().finish_request(tls, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing: a client that hangs up is not worth a line."""


def serve(port: int, store: str) -> None:
    """Serve what lies in the store, `openbao` or `secretsmanager`, until the process ends."""
    of_openbao = store == "openbao"
    certificates = Certificates(
        OfOpenBao(os.environ["VAULT_ADDR"], Path(os.environ["VAULT_TOKEN_FILE"])) if of_openbao else OfSecretsManager()
    )
    threading.Thread(target=certificates.keep_fresh, args=(threading.Event(),), daemon=True).start()
    _Server(port, certificates).serve_forever()
