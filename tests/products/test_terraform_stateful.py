"""The types that our own stages use, as their provider describes them: which of them hold data."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from provisioning_assets.backends.infrastructure.terraform.cli_configuration import configuration
from provisioning_assets.backends.infrastructure.terraform.plan_json import plan_from
from provisioning_assets.backends.infrastructure.terraform.process import inherited
from provisioning_assets.core.plan import Json
from tests.support.back_ends import aws_access

TERRAFORM = Path(__file__).parents[2] / "terraform"
AWS = "registry.terraform.io/hashicorp/aws"
HOLD_DATA = {
    "aws_cloudwatch_log_group", "aws_db_instance", "aws_dynamodb_table", "aws_ecr_repository", "aws_kms_key",
    "aws_route53_zone", "aws_s3_bucket", "aws_s3_bucket_versioning", "aws_sqs_queue",
}  # fmt: skip
ROOT = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}
"""


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Json]:
    """What the provider says of each type."""
    folder, access = tmp_path_factory.mktemp("schema"), aws_access("http://127.0.0.1:9")
    (folder / "main.tf").write_text(ROOT)
    variables = {**inherited(access), "TF_CLI_CONFIG_FILE": str(configuration(folder, access)[0])}
    binary = str(shutil.which("terraform"))
    for command in (("init", "-input=false"), ("providers", "schema", "-json")):
        done = subprocess.run([binary, *command], cwd=folder, env=variables, capture_output=True, check=True)
    found: dict[str, Json] = json.loads(done.stdout)["provider_schemas"][AWS]["resource_schemas"]
    return found


def loses_data(kind: str, schema: dict[str, Json]) -> bool:
    """Whether deleting a resource of this type, none of whose attributes has a value, would lose data."""
    block = schema[kind]["block"]
    before = dict.fromkeys([*block.get("attributes", {}), *block.get("block_types", {})])
    change = {"actions": ["delete"], "before": before, "after": None}
    resource = {"address": f"{kind}.this", "type": kind, "mode": "managed", "provider_name": AWS, "change": change}
    return plan_from({"resource_changes": [resource]}).changes[0].stateful


def test_of_the_types_that_we_use_those_that_hold_data_are_known(schema: dict[str, Json]) -> None:
    texts = (file.read_text() for file in TERRAFORM.rglob("*.tf"))
    used = {kind for text in texts for kind in re.findall(r'^resource "(\w+)"', text, re.MULTILINE)}
    assert len(used) > 30
    assert {kind for kind in used if loses_data(kind, schema)} == HOLD_DATA


def test_a_type_that_no_list_names_is_told_by_its_attributes(schema: dict[str, Json]) -> None:
    assert loses_data("aws_neptunegraph_graph", schema)
    assert loses_data("aws_lightsail_database", schema)
    assert not loses_data("aws_networkfirewall_firewall", schema)
