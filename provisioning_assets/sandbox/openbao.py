"""OpenBao: a real server in memory, initialised over its API so that no token is ever printed.

Its PKI engine is the certificate authority, with ACME: https://openbao.org/api-docs/secret/pki/
"""

import sys
from pathlib import Path
from typing import Any

import hvac
import requests
from hvac.exceptions import VaultError

from provisioning_assets.errors import ProvisioningError
from provisioning_assets.sandbox.processes import AGAIN, Folder

TOKEN = "openbao.token"  # noqa: S105 - the name of a file
ANCHORS = "ca.pem"
_HEADERS = ["Replay-Nonce", "Link", "Location"]


def command(folder: Folder, port: int) -> list[str]:
    """The command of the server. Its storage is memory: a new process is a new, empty store."""
    configuration = folder.write(
        "openbao.hcl",
        f'storage "inmem" {{}}\nlistener "tcp" {{\n  address = "127.0.0.1:{port}"\n  tls_disable = true\n}}\n'
        f'api_addr = "http://127.0.0.1:{port}"\nlog_level = "warn"\n',
    )
    return [str(Path(sys.executable).with_name("bao")), "server", f"-config={configuration}"]


def furnished(folder: Folder, address: str) -> bool:
    """Whether the server is fully set up and unsealed. Nobody can unseal it again, since the key is not kept."""
    make: Any = hvac.Client
    return (folder.path / ANCHORS).exists() and not make(url=address, timeout=5, token="").sys.is_sealed()


def initialise(folder: Folder, address: str, name_server: str) -> None:
    """Initialise, unseal and set up a new server; `ProvisioningError` when that fails."""
    try:
        _furnish(folder, address, name_server)
    except (VaultError, requests.RequestException) as error:
        # Only the type of the error: the server's answer to an initialisation holds secrets.
        raise ProvisioningError(
            "the sandbox's openbao could not be set up",
            where=address,
            cause=type(error).__name__,
            remedy=AGAIN,
        ) from None


def _furnish(folder: Folder, address: str, name_server: str) -> None:
    """Set up the server. The trust anchors are written last, to mark a complete set-up."""
    (folder.path / ANCHORS).unlink(missing_ok=True)
    make: Any = hvac.Client
    client = make(url=address, timeout=5, token="")
    made = client.sys.initialize(secret_shares=1, secret_threshold=1)
    folder.write(TOKEN, made["root_token"])
    client.sys.submit_unseal_key(made["keys"][0])
    client.token = made["root_token"]
    folder.write(ANCHORS, _authority(client, address, name_server) + "\n")


def _authority(client: Any, address: str, name_server: str) -> str:
    """Set up a root CA, and ACME with validation by our name server; returns the root certificate as PEM."""
    client.sys.enable_secrets_engine(
        "pki", path="pki", config={"max_lease_ttl": "87600h", "default_lease_ttl": "2160h"}
    )
    client.sys.tune_mount_configuration("pki", max_lease_ttl="87600h")
    root = client.write_data(
        "pki/root/generate/internal",
        data={"common_name": "Provisioning Sandbox Root", "ttl": "87600h", "key_type": "ec", "key_bits": 256},
    )
    client.write_data("pki/config/cluster", data={"path": f"{address}/v1/pki", "aia_path": f"{address}/v1/pki"})
    client.write_data(
        "sys/mounts/pki/tune",
        data={"allowed_response_headers": _HEADERS, "passthrough_request_headers": ["If-Modified-Since"]},
    )
    client.write_data(
        "pki/roles/server",
        data={
            "allow_any_name": True,
            "allow_wildcard_certificates": True,
            "require_cn": False,
            "key_type": "any",
            "max_ttl": "2160h",
            "ttl": "2160h",
        },
    )
    client.write_data(
        "pki/config/acme",
        data={
            "enabled": True,
            "default_directory_policy": "role:server",
            "allowed_roles": ["server"],
            "eab_policy": "not-required",
            "dns_resolver": name_server,
        },
    )
    return str(root["data"]["certificate"])
