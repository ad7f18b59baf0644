"""Repositories of a test's own: the demo shop as it is, and one with a single stage, which stands in a minute."""

import shutil
from pathlib import Path

from provisioning_assets.engagement.loading import load_engagement

REPOSITORY = Path(__file__).parents[2]
STAGE = "networking"

_ROOT = """
variable "engagement" {
  type = string
}

variable "environment" {
  type = string
}

variable "region" {
  type = string
}

variable "domain" {
  type = string
}

module "zone" {
  source = "../../modules/zone"

  name = var.domain
}

output "contract" {
  value = { zone_id = module.zone.id }
}
"""
_STAGES = f"""stages:
  - name: {STAGE}
    root: terraform/stages/only
    variables: {{domain: "${{domain}}"}}

"""


def copy_repository(folder: Path) -> None:
    """What a clone of this repository has that an operator works with."""
    for name in ("engagements", "terraform"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns(".terraform"))
    for name in ("dagster.yaml", "definitions.py", "pyproject.toml", "workspace.yaml"):
        shutil.copy(REPOSITORY / name, folder / name)


def reduce_to_one_stage(folder: Path) -> None:
    """Leave the shop with one stage, which makes the zone alone: all else of it is as it was."""
    root, model = folder / "terraform/stages/only", folder / "terraform/stages/endpoints"
    root.mkdir()
    (root / "main.tf").write_text(_ROOT)
    shutil.copy(model / ".terraform.lock.hcl", root)
    (root / "versions.tf").write_text((model / "versions.tf").read_text().replace('"endpoints"', f'"{STAGE}"'))
    file = folder / "engagements/demo_shop/engagement.yaml"
    text = file.read_text()
    before, stages, after = text.partition("stages:\n")
    _, zone, rest = after.partition("# The zone is made by")
    before, unused, _ = before.partition("  vpc_cidr:\n")
    assert all((stages, zone, unused)), "the file is not what it was: mend the test"
    file.write_text(before + _STAGES + zone + rest)
    load_engagement(file.parent)
