"""How every test of this repository runs."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.postgresql import PostgresqlServer, postgresql_server

# How long an example takes tells of the machine's load, not of the code: pytest-timeout bounds the whole test.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A PostgreSQL. Who uses it takes a database or a schema of its own."""
    with postgresql_server() as running:
        yield running
