"""Configuration stores, by the name that the engagement file gives them."""

from collections.abc import Callable

from provisioning_assets.providers.config import ConfigStore
from provisioning_assets.providers.config.memory import MemoryConfig
from provisioning_assets.providers.config.ssm import Ssm

BACK_ENDS: dict[str, Callable[[str], ConfigStore]] = {"ssm": Ssm, "memory": MemoryConfig}
"""Each takes the region."""
