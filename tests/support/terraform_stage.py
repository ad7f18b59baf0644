"""A small stage, brought up by the real Terraform, whose state lies in an emulated bucket."""

from pathlib import Path
from typing import Any

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import Engine, StageRoot
from provisioning_assets.backends.store.settings import S3
from provisioning_assets.core.kinds import Kind
from tests.support.back_ends import aws_access, opened

BUCKET = "demo-shop-staging-state"

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


def engine_at(address: str) -> Engine:
    """Terraform, as an access to this emulated AWS runs it."""
    return terraform(aws_access(address))


def terraform(access: Access) -> Engine:
    """Terraform with this access."""
    engine: Engine = opened(Kind.INFRASTRUCTURE, "terraform", access)
    return engine


def bucket_at(address: str, bucket: str = BUCKET) -> None:
    """Make the bucket for states."""
    opened(Kind.STORE, "s3", aws_access(address), bucket=bucket).prepare()


def stage(folder: Path, **variables: Any) -> StageRoot:
    """A small stage of its own in this folder."""
    root = folder / "root"
    root.mkdir(exist_ok=True, parents=True)
    if not (root / "main.tf").exists():
        (root / "main.tf").write_text(ROOT)
    return StageRoot("small", root, folder / "work", folder.name, S3(bucket=BUCKET), variables, {})
