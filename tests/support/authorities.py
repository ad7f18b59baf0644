"""A certificate authority that looks challenges up in a zone of the test's own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import hvac

from provisioning_assets.backends.certificates import Proof, requests
from provisioning_assets.backends.certificates.settings import KeyType
from tests.support.name_servers import Zone
from tests.support.servers import SecretServer

CONTACT = "ops@shop.example"


@dataclass
class Customer:
    """Orders one certificate after another, each by a new request, with one account."""

    names: Sequence[str]
    publisher: Any
    """Something with the two verbs of `Order` that publish proofs."""
    name: str = "web"
    scope: str = "shop-staging"
    contact: str = CONTACT
    key_type: KeyType = "ec256"
    accounts: list[str] = field(default_factory=list)
    """What it keeps; empty until an authority asks."""
    keys: list[str] = field(default_factory=list)
    """Of every request, the open one last."""
    _request: str = ""

    def request(self) -> str:
        if not self._request:
            key, self._request = requests.make(self.names, self.key_type)
            self.keys.append(key)
        return self._request

    def account(self, make: Callable[[], str], _binding: str = "") -> str:
        if not self.accounts:
            self.accounts.append(make())
        return self.accounts[-1]

    def publish(self, proofs: Sequence[Proof]) -> AbstractContextManager[None]:
        return self.publisher.publish(proofs)

    def keep(self, proofs: Sequence[Proof]) -> None:
        self.publisher.keep(proofs)

    def done(self) -> None:
        """The certificate is kept: the next one has a key of its own."""
        self._request = ""


@dataclass
class Challenges:
    """Publishes in a zone that is served; `spoilt` values are what a mistaken publisher would write."""

    zone: Zone
    spoilt: bool = False
    seen: list[Proof] = field(default_factory=list)

    @contextmanager
    def publish(self, proofs: Sequence[Proof]) -> Iterator[None]:
        self.keep(proofs)
        try:
            yield
        finally:
            self.zone.rrsets.clear()

    def keep(self, proofs: Sequence[Proof]) -> None:
        self.seen += proofs
        values: dict[str, list[str]] = {}
        for each in proofs:
            spoilt = "spoilt." if each.kind == "CNAME" else "spoilt"
            values.setdefault(each.address, []).append(spoilt if self.spoilt else each.value)
        self.zone.rrsets |= {address: {"ttl": 60, "values": sorted(found)} for address, found in values.items()}


def mounted_pki(server: SecretServer, path: str, **role: object) -> hvac.Client:
    """Make an OpenBao an authority with the role `server`; somebody who may do everything there."""
    bao = hvac.Client(url=server.address, token=server.token)
    bao.sys.enable_secrets_engine("pki", path=path, config={"max_lease_ttl": "87600h"})
    root = {"common_name": "Test Root", "ttl": "87600h", "key_type": "ec"}
    bao.write_data(f"{path}/root/generate/internal", data=root)
    bao.write_data(f"{path}/roles/server", data={"key_type": "any", **role})
    return bao


def acme_directory(server: SecretServer, name_server: str, *, bound: bool = False, at: str = "") -> str:
    """Make an OpenBao an ACME authority that asks this name server; the address of its directory.

    A `bound` one takes an account only with an external account binding. `at` is another address that leads to it.
    """
    address = at or server.address
    bao = mounted_pki(server, "pki", allow_any_name=True, allow_wildcard_certificates=True, require_cn=False)
    bao.write_data("pki/config/cluster", data={"path": f"{address}/v1/pki"})
    headers = {"allowed_response_headers": ["Replay-Nonce", "Link", "Location"]}
    bao.write_data("sys/mounts/pki/tune", data=headers)
    enabled = {"enabled": True, "default_directory_policy": "role:server", "dns_resolver": name_server}
    policy = "always-required" if bound else "not-required"
    bao.write_data("pki/config/acme", data={**enabled, "allowed_roles": ["server"], "eab_policy": policy})
    return f"{address}/v1/pki/acme/directory"
