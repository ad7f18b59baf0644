"""Monitoring products, by the name that the engagement file gives them."""

from collections.abc import Callable

from provisioning_assets.backends.monitoring import Monitoring
from provisioning_assets.backends.monitoring.cloudwatch.platform import CloudWatch

BACK_ENDS: dict[str, Callable[..., Monitoring]] = {
    "cloudwatch": CloudWatch,
}
"""Each takes `region`."""
