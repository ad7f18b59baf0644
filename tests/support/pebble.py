"""Pebble of Debian for tests: an ACME authority that looks at names as Let's Encrypt does."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from provisioning_assets.backends.access import Access
from provisioning_assets.core.kinds import Kind
from provisioning_assets.sandbox import debian
from tests.support.back_ends import opened
from tests.support.self_signed import self_signed
from tests.support.servers import free_port, wait_for


@dataclass(frozen=True)
class Pebble:
    """A running one."""

    directory: str
    anchors: Path
    """Whom clients of its directory must trust."""
    http_port: int
    """Where it looks for http-01, instead of port 80."""
    process: "subprocess.Popen[bytes]"

    def access(self, directory: str = "", **more: str) -> Access:
        """The access that leads to it, or elsewhere with the same trust store."""
        own = {"ACME_DIRECTORY_URL": directory or self.directory, "SSL_CERT_FILE": str(self.anchors)}
        return Access("the test's own", {**own, **more})

    def open(self, access: Access | None = None, **settings: Any) -> Any:
        """The product there."""
        return opened(Kind.CERTIFICATES, "acme", access or self.access(), **settings)


@contextmanager
def pebble_server(name_server: str, *, bindings: Mapping[str, str] | None = None) -> Iterator[Pebble]:
    """One that asks this name server; with `bindings`, keys by their ids, it requires one for each account."""
    port, http_port = free_port(), free_port()
    required = {"externalAccountBindingRequired": True, "externalAccountMACKeys": bindings} if bindings else {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        key, certificate = self_signed(["localhost"])
        (folder / "key.pem").write_text(key)
        (folder / "certificate.pem").write_text(certificate)
        settings = {
            "listenAddress": f"127.0.0.1:{port}", "managementListenAddress": f"127.0.0.1:{free_port()}",
            "certificate": f"{folder}/certificate.pem", "privateKey": f"{folder}/key.pem",
            "httpPort": http_port, "tlsPort": free_port(), "ocspResponderURL": "", **required,
        }  # fmt: skip
        (folder / "pebble.json").write_text(json.dumps({"pebble": settings}))
        program = debian.folder("pebble") / "usr/bin/pebble"
        command = [str(program), "-config", f"{folder}/pebble.json", "-dnsserver", name_server, "-strict"]
        # No sleep before it looks; each order is proven anew, even that of an account which proved the same name.
        variables = {**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0"}
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
        try:
            wait_for(port, 20)
            yield Pebble(f"https://localhost:{port}/dir", folder / "certificate.pem", http_port, process)
        finally:
            process.kill()
            process.wait(10)
