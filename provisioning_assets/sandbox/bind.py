"""BIND, as a team runs its primary server: a zone for each environment, and a key that may change them."""

import base64
import secrets
from collections.abc import Mapping
from pathlib import Path

from provisioning_assets.sandbox import debian
from provisioning_assets.sandbox.setup import Setup

KEY = "provisioning"
"""Name of the TSIG key."""
_ZONE = """$TTL 300
@ SOA ns1.servers.example. hostmaster.servers.example. 1 3600 900 604800 60
@ NS ns1.servers.example.
@ NS ns2.servers.example.
"""


def prepare(setup: Setup) -> None:
    """Write its configuration, a new key, and the zones as they are before anybody changed them."""
    if not _chosen(setup):
        return
    debian.install("bind", setup.progress)
    folder = setup.folder.fresh("bind")
    secret = base64.b64encode(secrets.token_bytes(32)).decode()
    key = folder / "key"
    key.touch(mode=0o600)
    key.write_text(f'key "{KEY}" {{\n  algorithm hmac-sha256;\n  secret "{secret}";\n}};\n', encoding="ascii")
    for zone in setup.wanted.zones:
        (folder / zone).write_text(_ZONE, encoding="ascii")
    rule = f"allow-update {{ key {KEY}; }}; allow-transfer {{ key {KEY}; }};"
    zones = "\n".join(f'zone "{zone}" {{ type primary; file "{zone}"; {rule} }};' for zone in setup.wanted.zones)
    options = f"""include "{key}";
controls {{ }};
options {{
  directory "{folder}"; pid-file none; session-keyfile none; lock-file none;
  listen-on port {setup.ports["dns"]} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; notify no; dnssec-validation no;
}};
"""
    (folder / "named.conf").write_text(options + zones + "\n", encoding="ascii")


def command(setup: Setup) -> list[str]:
    """The command of the server."""
    return [str(debian.folder("bind") / "usr/sbin/named"), "-g", "-n", "2", "-c", f"{_folder(setup)}/named.conf"]


def own(setup: Setup) -> Mapping[str, str]:
    """Where its libraries are."""
    return debian.libraries("bind") if _chosen(setup) else {}


def profile(setup: Setup) -> Mapping[str, str]:
    """Where updates go, and the key that signs them."""
    file = str(_folder(setup) / "key")
    return {"RFC2136_NAMESERVER": setup.at("dns"), "RFC2136_TSIG_FILE": file} if _chosen(setup) else {}


def _chosen(setup: Setup) -> bool:
    return setup.names("rfc2136")


def _folder(setup: Setup) -> Path:
    return setup.folder.path / "bind"
