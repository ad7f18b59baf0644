"""Settings of DNS products."""

from typing import Literal

from provisioning_assets.backends.backend import Settings


class Route53(Settings):
    """Amazon Route 53: a hosted zone of the account."""

    name: Literal["route53"] = "route53"
