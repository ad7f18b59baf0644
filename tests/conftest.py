"""How every test of this repository runs, and the servers that tests share.

Each starts once a run (with pytest-xdist: once a worker); all but PostgreSQL are empty when a module begins.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from provisioning_assets.backends.infrastructure import Engine
from provisioning_assets.core.kinds import Kind
from tests.support.back_ends import aws_access, opened
from tests.support.ministack import empty_ministack, ministack_server, obeying_server
from tests.support.postgresql import PostgresqlServer, postgresql_server
from tests.support.prometheus import Monitors, monitors
from tests.support.servers import SecretServer, empty_moto, empty_openbao, moto_server, openbao_server

# How long an example takes tells of the machine's load, not of the code: pytest-timeout bounds the whole test.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

_MOTO = pytest.StashKey[str]()
_MINISTACK = pytest.StashKey[str]()
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
def ministack(request: pytest.FixtureRequest) -> Iterator[str]:
    """Another emulated AWS, with CloudFormation: its address, for `aws_access`."""
    with ministack_server() as address:
        request.config.stash[_MINISTACK] = address
        yield address
        del request.config.stash[_MINISTACK]


@pytest.fixture(scope="session")
def cdk(ministack: str) -> Engine:
    """CDK on it, shared: an app that was synthesized once is not again, and that takes seconds."""
    engine: Engine = opened(Kind.INFRASTRUCTURE, "cdk", aws_access(ministack))
    return engine


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
    if _MINISTACK in stash:
        empty_ministack(stash[_MINISTACK])
    if _BAO in stash:
        empty_openbao(stash[_BAO])
    if _PROMETHEUS in stash:
        stash[_PROMETHEUS].empty()


@pytest.fixture(scope="session")
def obeying() -> Iterator[str]:
    """An emulated AWS that obeys IAM policies. Who uses it takes names of its own."""
    with obeying_server() as address:
        yield address


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A PostgreSQL. Who uses it takes a database or a schema of its own."""
    with postgresql_server() as running:
        yield running
