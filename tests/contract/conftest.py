"""Contract suites: one for each kind, run for every product of the catalogue."""

import pytest

SLOW = ("acme, on Pebble", "appconfig", "cdk", "prometheus", "secretsmanager", "terraform 1.15")
"""Products whose own servers take minutes, and second servers or versions of a product: `make test-second`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs for a slow product."""
    for item in items:
        case = getattr(item, "callspec", None)
        if case is not None and "tests/contract" in item.nodeid and case.id.startswith(SLOW):
            item.add_marker(pytest.mark.second)
