"""OpenBao: a real server in memory, initialised by its API so that no token is ever printed.

Its PKI engine is the certificate authority, with ACME: https://openbao.org/api-docs/secret/pki/
"""

import sys
from pathlib import Path
from typing import Any

import hvac

from provisioning_assets.sandbox.processes import Folder

TOKEN = "openbao.token"  # noqa: S105 - the name of a file
ANCHORS = "ca.pem"
_HEADERS = ["Replay-Nonce", "Link", "Location"]


def command(folder: Folder, port: int) -> list[str]:
    """The server on its port. Storage is memory: a new process is a new, empty store."""
    configuration = folder.write(
        "openbao.hcl",
        f'storage "inmem" {{}}\nlistener "tcp" {{\n  address = "127.0.0.1:{port}"\n  tls_disable = true\n}}\n'
        f'api_addr = "http://127.0.0.1:{port}"\ndisable_mlock = true\nlog_level = "warn"\n',
    )
    return [str(Path(sys.executable).with_name("bao")), "server", f"-config={configuration}"]


def initialise(folder: Folder, address: str, name_server: str) -> None:
    """Initialise, unseal and furnish a new server; a server that is unsealed already stays as it is."""
    make: Any = hvac.Client
    client = make(url=address, timeout=5, token="")
    if client.sys.is_initialized():
        return
    made = client.sys.initialize(secret_shares=1, secret_threshold=1)
    folder.write(TOKEN, made["root_token"])
    client.sys.submit_unseal_key(made["keys"][0])
    client.token = made["root_token"]
    _authority(client, folder, address, name_server)


def _authority(client: Any, folder: Folder, address: str, name_server: str) -> None:
    """A root, and ACME orders that are validated by asking our name server."""
    client.sys.enable_secrets_engine(
        "pki", path="pki", config={"max_lease_ttl": "87600h", "default_lease_ttl": "2160h"}
    )
    client.sys.tune_mount_configuration("pki", max_lease_ttl="87600h")
    root = client.write_data(
        "pki/root/generate/internal",
        data={"common_name": "Provisioning Sandbox Root", "ttl": "87600h", "key_type": "ec", "key_bits": 256},
    )
    folder.write(ANCHORS, root["data"]["certificate"] + "\n")
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
