"""Configuration stores, by the name that the engagement file gives them."""

from collections.abc import Callable

from provisioning_assets.backends.config import ConfigStore
from provisioning_assets.backends.config.ssm import Ssm

BACK_ENDS: dict[str, Callable[[str], ConfigStore]] = {"ssm": Ssm}
"""Each takes the region."""
