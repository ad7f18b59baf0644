"""Monitoring products, by the name that the engagement file gives them."""

from collections.abc import Callable

from provisioning_assets.providers.monitoring import Monitoring
from provisioning_assets.providers.monitoring.cloudwatch import CloudWatch

BACK_ENDS: dict[str, Callable[..., Monitoring]] = {
    "cloudwatch": CloudWatch,
}
"""Each takes `region`."""
