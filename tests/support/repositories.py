"""Repositories of a test's own: the demo shop as it is, and one with a single stage, which stands in a minute."""

import shutil
from pathlib import Path

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.runs.graph import Graph
from tests.support.repository import REPOSITORY

STAGE = "networking"

_ROOT = """
module "zone" {
  source = "../../modules/zone"

  name = var.domain
}

output "contract" {
  value = { zone_id = module.zone.id }
}
"""
_INPUTS = ("engagement", "environment", "region", "domain")
_STAGES = f"""stages:
  - name: {STAGE}
    root: terraform/stages/only
    variables: {{domain: "${{domain}}"}}

"""


def copy_repository(folder: Path, engagement: str = "demo_shop") -> None:
    """What a clone of this repository has that an operator works with, and one of its engagements."""
    for name in (f"engagements/{engagement}", "terraform", "cdk"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns(".terraform"))
    for name in ("dagster.yaml", "definitions.py", "pyproject.toml", "workspace.yaml"):
        shutil.copy(REPOSITORY / name, folder / name)


def configured_in(folder: Path, provider: str) -> Graph:
    """The demo shop with this store of its configuration."""
    copy_repository(folder)
    file = folder / "engagements/demo_shop/engagement.yaml"
    text = file.read_text()
    assert "provider: ssm" in text
    file.write_text(text.replace("provider: ssm", f"provider: {provider}"))
    return assemble(load_engagement(file.parent))


def reduce_to_one_stage(folder: Path) -> None:
    """Leave the shop with one stage, which makes the zone alone: all else of it is as it was."""
    root, model = folder / "terraform/stages/only", folder / "terraform/stages/endpoints"
    root.mkdir()
    own = {"main.tf", "outputs.tf", "variables.tf"}
    shared = {each.name: each.read_text() for each in model.iterdir() if each.is_file() and each.name not in own}
    for name, text in shared.items():
        (root / name).write_text(text.replace('"endpoints"', f'"{STAGE}"'))
    said = "".join(shared.values())
    inputs = [f'variable "{each}" {{\n  type = string\n}}\n' for each in _INPUTS if f'variable "{each}"' not in said]
    (root / "main.tf").write_text("\n".join([*inputs, _ROOT]))
    file = folder / "engagements/demo_shop/engagement.yaml"
    text = file.read_text()
    before, stages, after = text.partition("stages:\n")
    _, zone, rest = after.partition("# The zone is made by")
    before, unused, _ = before.partition("  vpc_cidr:\n")
    assert all((stages, zone, unused)), "the file is not what it was: mend the test"
    file.write_text(before + _STAGES + zone + rest)
    load_engagement(file.parent)
