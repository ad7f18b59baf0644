"""What Terraform does not find any more: what held data is not made again over its head. State and cloud are moto's."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import QUIET, StageRoot
from provisioning_assets.core.plan import Action, Plan
from provisioning_assets.core.safety import keeps_data
from tests.support.back_ends import REGION, aws_access
from tests.support.repository import REPOSITORY
from tests.support.stages import bring_up
from tests.support.terraform_stage import bucket_at, stage, terraform

pytestmark = pytest.mark.faults

ROOT = """
terraform {
  backend "s3" {}
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

variable "region" {
  type = string
}

provider "aws" {
  region = var.region
}

resource "aws_sqs_queue" "orders" {
  name = "orders-that-vanish"
}

resource "aws_sns_topic" "news" {
  name = "news-that-vanish"
}

output "contract" {
  value = { region = var.region }
}
"""
MADE = """resource "aws_sqs_queue" "orders" {
  name = "orders-that-vanish"
}
"""
QUEUE, TOPIC = "aws_sqs_queue.orders", "aws_sns_topic.news"


@dataclass(frozen=True)
class Small:
    """A queue, which holds data, and a topic, which holds none; brought up."""

    access: Access
    folder: Path

    def root(self, region: str = REGION, code: str = ROOT) -> StageRoot:
        (self.folder / "root").mkdir(exist_ok=True)
        (self.folder / "root/main.tf").write_text(code)
        shutil.copy(REPOSITORY / "terraform/stages/networking/.terraform.lock.hcl", self.folder / "root")
        return stage(self.folder, region=region)

    def plan(self, region: str = REGION, code: str = ROOT) -> Plan:
        return terraform(self.access).plan(self.root(region, code), QUIET)


@pytest.fixture
def small(moto: str, tmp_path: Path) -> Small:
    made = Small(aws_access(moto), tmp_path)
    bucket_at(moto)
    bring_up(terraform(made.access), made.root())
    return made


def stateful(plan: Plan) -> dict[str, tuple[Action, bool]]:
    return {change.address: (change.action, change.stateful) for change in plan.changes}


def test_what_somebody_deleted_is_made_again_only_if_it_held_no_data(small: Small) -> None:
    """One test, because a queue takes half a minute to make."""
    elsewhere = small.plan("us-west-2")
    account = aws.of(small.access)
    (topic,) = (each["TopicArn"] for each in account.client("sns").list_topics()["Topics"])
    account.client("sns").delete_topic(TopicArn=topic)
    no_topic = small.plan()
    queues = account.client("sqs")
    queues.delete_queue(QueueUrl=queues.get_queue_url(QueueName="orders-that-vanish")["QueueUrl"])
    neither = small.plan()
    account.client("sns").create_topic(Name="news-that-vanish")
    in_no_code = small.plan(code=ROOT.replace(MADE, ""))

    assert stateful(elsewhere)[QUEUE] == (Action.CREATE, True)
    assert stateful(no_topic) == {TOPIC: (Action.CREATE, False)}
    assert stateful(neither) == {QUEUE: (Action.CREATE, True), TOPIC: (Action.CREATE, False)}
    assert stateful(in_no_code) == {QUEUE: (Action.DELETE, True)}
    assert not keeps_data(no_topic)
    (reason,) = keeps_data(neither)
    assert f"terraform state rm '{QUEUE}'" in reason
