"""A small stage, brought up by the real Terraform, whose state lies in an emulated bucket."""

from pathlib import Path
from typing import Any

from provisioning_assets.backends.infrastructure import Infrastructure, StageRoot

REGION, BUCKET = "eu-central-1", "demo-shop-staging-state"

ROOT = """
terraform {
  backend "s3" {}
}

variable "password" {
  type      = string
  sensitive = true
  default   = "none"
}

variable "command" {
  type    = string
  default = "true"
}

variable "note" {
  type    = string
  default = "first"
}

resource "terraform_data" "job" {
  input = var.password

  provisioner "local-exec" {
    command = var.command
  }
}

output "contract" {
  value = { note = var.note }
}
"""


def stage(folder: Path, **variables: Any) -> StageRoot:
    """A small stage of its own in this folder."""
    root = folder / "root"
    root.mkdir(exist_ok=True)
    if not (root / "main.tf").exists():
        (root / "main.tf").write_text(ROOT)
    state = {"bucket": BUCKET, "key": f"{folder.name}.tfstate", "region": REGION}
    return StageRoot("small", root, folder / "work", state, variables, {})


def bring_up(engine: Infrastructure, root: StageRoot) -> list[str]:
    lines: list[str] = []
    engine.apply(root, engine.plan(root, lines.append), lines.append)
    return lines
