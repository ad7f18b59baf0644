"""Prometheus with everything of one scope in place, as the test before left it."""

import pytest

from provisioning_assets.backends.monitoring import Monitoring
from provisioning_assets.core.plan import Attributes
from tests.support.by_hand import SCOPE, everything
from tests.support.monitored import bring_about
from tests.support.prometheus import Monitors


@pytest.fixture
def desired(prometheus: Monitors) -> dict[str, Attributes]:
    return everything(prometheus)


@pytest.fixture
def live(prometheus: Monitors, desired: dict[str, Attributes]) -> Monitoring:
    """The product, brought about."""
    monitoring: Monitoring = prometheus.opened()
    bring_about(monitoring, SCOPE, desired)
    return monitoring
