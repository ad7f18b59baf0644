"""A certificate authority that looks challenges up in a zone of the test's own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import hvac

from tests.support.name_servers import Zone
from tests.support.servers import SecretServer

CONTACT = "ops@shop.example"


@dataclass
class Challenges:
    """Publishes in a zone that is served; `spoilt` values are what a mistaken publisher would write."""

    zone: Zone
    spoilt: bool = False
    seen: list[tuple[str, str]] = field(default_factory=list)

    @contextmanager
    def publish(self, records: Sequence[tuple[str, str]]) -> Iterator[None]:
        self.seen += records
        values: dict[str, list[str]] = {}
        for name, value in records:
            values.setdefault(f"{name} TXT", []).append("spoilt" if self.spoilt else value)
        self.zone.rrsets |= {address: {"ttl": 60, "values": sorted(found)} for address, found in values.items()}
        try:
            yield
        finally:
            self.zone.rrsets.clear()


def acme_directory(server: SecretServer, name_server: str) -> str:
    """Make an OpenBao an ACME authority that asks this name server; the address of its directory."""
    bao = hvac.Client(url=server.address, token=server.token)
    bao.sys.enable_secrets_engine("pki", path="pki", config={"max_lease_ttl": "87600h"})
    bao.write_data("pki/root/generate/internal", data={"common_name": "Test Root", "ttl": "87600h", "key_type": "ec"})
    bao.write_data("pki/config/cluster", data={"path": f"{server.address}/v1/pki"})
    headers = {"allowed_response_headers": ["Replay-Nonce", "Link", "Location"]}
    bao.write_data("sys/mounts/pki/tune", data=headers)
    role = {"allow_any_name": True, "allow_wildcard_certificates": True, "require_cn": False, "key_type": "any"}
    bao.write_data("pki/roles/server", data=role)
    enabled = {"enabled": True, "default_directory_policy": "role:server", "dns_resolver": name_server}
    bao.write_data("pki/config/acme", data={**enabled, "allowed_roles": ["server"], "eab_policy": "not-required"})
    return f"{server.address}/v1/pki/acme/directory"
