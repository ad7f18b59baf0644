"""How every test of this repository runs, and the servers that tests share.

Each starts once a run (with pytest-xdist: once a worker); all but PostgreSQL are empty when a module begins.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.postgresql import PostgresqlServer, postgresql_server
from tests.support.prometheus import Monitors, monitors
from tests.support.servers import SecretServer, empty_moto, empty_openbao, moto_server, openbao_server

# How long an example takes tells of the machine's load, not of the code: pytest-timeout bounds the whole test.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

_MOTO = pytest.StashKey[str]()
_BAO = pytest.StashKey[SecretServer]()
_PROMETHEUS = pytest.StashKey[Monitors]()


@pytest.fixture(scope="session")
def moto(request: pytest.FixtureRequest) -> Iterator[str]:
    """An emulated AWS: its address, for `aws_access`."""
    with moto_server() as address:
        request.config.stash[_MOTO] = address
        yield address
        del request.config.stash[_MOTO]


@pytest.fixture(scope="session")
def bao(request: pytest.FixtureRequest) -> Iterator[SecretServer]:
    """An OpenBao: its address and its root token."""
    with openbao_server() as server:
        request.config.stash[_BAO] = server
        yield server
        del request.config.stash[_BAO]


@pytest.fixture(scope="session")
def prometheus(request: pytest.FixtureRequest) -> Iterator[Monitors]:
    """Prometheus, Alertmanager and what belongs to them."""
    with monitors() as running:
        request.config.stash[_PROMETHEUS] = running
        yield running
        del request.config.stash[_PROMETHEUS]


@pytest.fixture(scope="module", autouse=True)
def _emptied(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a module leaves on a shared server, the next one does not find."""
    yield
    stash = request.config.stash
    if _MOTO in stash:
        empty_moto(stash[_MOTO])
    if _BAO in stash:
        empty_openbao(stash[_BAO])
    if _PROMETHEUS in stash:
        stash[_PROMETHEUS].empty()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A PostgreSQL. Who uses it takes a database or a schema of its own."""
    with postgresql_server() as running:
        yield running
