"""An emulated AWS that asks a name server of the tests whether names are proven."""

from collections.abc import Iterator

import pytest

from provisioning_assets.backends.certificates.acm import authority as issuing
from provisioning_assets.probes.resolvers import Server
from tests.support.name_servers import Zone, answering
from tests.support.servers import empty_moto, moto_server


@pytest.fixture(scope="module")
def zone() -> Zone:
    return Zone("shop.example")


@pytest.fixture(scope="module")
def name_server(zone: Zone) -> Iterator[Server]:
    with answering(zone) as server:
        yield server


@pytest.fixture(scope="module")
def server(name_server: Server) -> Iterator[str]:
    with moto_server(str(name_server)) as address:
        yield address


@pytest.fixture
def cloud(server: str, zone: Zone) -> str:
    """An emulated AWS that asks the zone's name server; both are empty."""
    empty_moto(server)
    zone.rrsets.clear()
    return server


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuing, "ISSUING_TIME", 2.0)
