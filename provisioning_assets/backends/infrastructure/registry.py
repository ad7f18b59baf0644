"""Engines of infrastructure code, by the name that a stage gives them."""

from provisioning_assets.backends.infrastructure.terraform.engine import Terraform

BACK_ENDS: dict[str, type[Terraform]] = {"terraform": Terraform}
"""Each takes `on_start`, which hears of the processes that it starts."""
