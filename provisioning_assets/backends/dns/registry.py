"""DNS providers, by the name that the engagement file gives them."""

from collections.abc import Callable

from provisioning_assets.backends.dns import DnsProvider
from provisioning_assets.backends.dns.route53 import Route53

BACK_ENDS: dict[str, Callable[[str], DnsProvider]] = {"route53": Route53}
"""Each takes the region."""
