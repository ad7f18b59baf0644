"""Monitoring products, by the name that the engagement file gives them."""

from collections.abc import Callable

from provisioning_assets.providers.monitoring import Monitoring
from provisioning_assets.providers.monitoring.cloudwatch import CloudWatch
from provisioning_assets.providers.monitoring.memory import MemoryMonitoring

BACK_ENDS: dict[str, Callable[..., Monitoring]] = {
    "cloudwatch": CloudWatch,
    "memory": MemoryMonitoring,
}
"""Each takes `region`."""
