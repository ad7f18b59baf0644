"""An ACME authority in trouble in the middle of an order: nothing is kept or left, and the next run mends it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import requests
from provisioning_assets.backends.secrets import certificate_secret
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ProviderFailed, Unreachable
from provisioning_assets.operations import orders
from provisioning_assets.probes.tls import describe, fingerprint_of_key
from tests.support.authorities import Challenges, acme_directory
from tests.support.back_ends import opened
from tests.support.certified import RUNTIME, SHOP, Certified
from tests.support.name_servers import Zone, answering
from tests.support.relays import relaying
from tests.support.servers import SecretServer
from tests.support.signing import Signer

STEPS = ("/new-account", "/new-order", "/finalize", "/cert")


@dataclass
class Trouble:
    """What goes wrong at the address of the authority."""

    directory: str = ""
    away_at: str = ""
    """End of a path at which it hangs up."""
    chains: dict[str, str] = field(default_factory=dict)
    """End of a path to the chain that is answered there."""
    seen: list[str] = field(default_factory=list)

    def change(self, path: str, answer: bytes) -> bytes | None:
        self.seen.append(path)
        if self.away_at and path.endswith(self.away_at):
            return None
        return next((chain.encode() for end, chain in self.chains.items() if path.endswith(end)), answer)


@pytest.fixture(scope="module")
def zone() -> Zone:
    return Zone("shop.example")


@pytest.fixture(scope="module")
def relayed(zone: Zone, bao: SecretServer) -> Iterator[Trouble]:
    trouble = Trouble()
    with answering(zone) as name_server, relaying(bao.address, trouble.change) as address:
        trouble.directory = acme_directory(bao, str(name_server), at=address)
        yield trouble


@pytest.fixture
def trouble(relayed: Trouble) -> Trouble:
    relayed.away_at = ""
    relayed.chains.clear()
    relayed.seen.clear()
    return relayed


@pytest.fixture
def shop(trouble: Trouble, zone: Zone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certified:
    access = Access("the test's own", {"ACME_DIRECTORY_URL": trouble.directory})
    monkeypatch.setattr(orders, "Challenges", lambda _run: Challenges(zone))
    return Certified(tmp_path, opened(Kind.CERTIFICATES, "acme", access))


@pytest.mark.parametrize("step", STEPS)
def test_one_that_goes_away_in_mid_order_leaves_nothing(
    shop: Certified, trouble: Trouble, zone: Zone, step: str
) -> None:
    trouble.away_at = step

    with pytest.raises(Unreachable) as caught:
        shop.apply()

    assert caught.value.address == trouble.directory
    assert caught.value.remedy
    assert shop.store.find(RUNTIME, certificate_secret(SHOP.name)) is None
    assert zone.rrsets == {}
    assert any(path.endswith(step) for path in trouble.seen)
    trouble.away_at = ""
    shop.apply()
    assert shop.plan() == []


def test_a_chain_of_another_key_is_refused_and_not_kept(shop: Certified, trouble: Trouble, zone: Zone) -> None:
    root = Signer("Another")
    _, theirs = requests.make(SHOP.names)
    trouble.chains["/cert"] = root.sign(theirs) + root.pem

    with pytest.raises(ProviderFailed) as caught:
        shop.apply()

    assert caught.value.where == trouble.directory
    assert "another key" in caught.value.cause
    assert caught.value.remedy
    assert shop.store.find(RUNTIME, certificate_secret(SHOP.name)) is None
    assert zone.rrsets == {}
    key = shop.pending()["key"]
    trouble.chains.clear()
    shop.apply()
    assert shop.kept()["key"] == key
    assert describe(shop.kept()["chain"]).key_fingerprint == fingerprint_of_key(key)
