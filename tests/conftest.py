"""How every test of this repository runs."""

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes tells of the machine's load, not of the code: pytest-timeout bounds the whole test.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

LONGEST_FIRST = ("e2e", "integration", "contract", "unit")


@pytest.hookimpl(tryfirst=True)  # before the workers' plugin reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two workers share the tests by file; those of the demo share one cloud, take longest, and come first."""
    kinds = {item: next(kind for kind in LONGEST_FIRST if kind in item.path.parts) for item in items}
    items.sort(key=lambda item: LONGEST_FIRST.index(kinds[item]))
    for item in items:
        item.add_marker(pytest.mark.xdist_group("e2e" if kinds[item] == "e2e" else item.path.name))
