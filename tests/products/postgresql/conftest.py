"""A database for each test, and the store in it."""

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.store.postgresql import PostgresqlStore
from tests.support.postgresql import SCHEMA, PostgresqlServer


@pytest.fixture
def database(postgresql: PostgresqlServer) -> str:
    return postgresql.database()


@pytest.fixture
def access(postgresql: PostgresqlServer, database: str) -> Access:
    return postgresql.access(database)


@pytest.fixture
def store(access: Access) -> PostgresqlStore:
    made = PostgresqlStore(SCHEMA, access)
    made.prepare()
    return made
