"""Coverage: what is live and belongs to a stage, held against what its stack manages.

Every resource of a stack carries the stage's tags; who makes one by hand for the same purpose is asked to tag it, too.
"""

import re
from collections.abc import Iterator

from provisioning_assets.backends.aws import Aws
from provisioning_assets.backends.infrastructure import StageRoot
from provisioning_assets.backends.infrastructure.cdk.stack import Stack

_GLOBAL = "us-east-1"
"""Where the tagging API lists what belongs to no region."""


def tags(stage: StageRoot) -> dict[str, str]:
    """What every resource of the stage carries: CloudFormation hands the tags of a stack on."""
    engagement, environment = stage.prefix.split("/")
    return {"Engagement": engagement, "Environment": environment, "Stage": stage.name}


def live_and_managed(stack: Stack, stage: StageRoot, account: Aws) -> dict[str, str | None]:
    """Each live thing of the stage, and why it is not managed; None where it is."""
    known = {str(each.get("PhysicalResourceId", "")) for each in stack.resources()}
    with account.translated("AWS"):
        return dict(_tagged(known | {_short(each) for each in known}, stage, account))


def _tagged(known: set[str], stage: StageRoot, account: Aws) -> Iterator[tuple[str, str | None]]:
    filters = [{"Key": key, "Values": [value]} for key, value in tags(stage).items()]
    for region in sorted({account.access.region, _GLOBAL}):
        pages = account.client("resourcegroupstaggingapi", region).get_paginator("get_resources")
        for page in pages.paginate(TagFilters=filters):
            for arn in (resource["ResourceARN"].removesuffix(":*") for resource in page["ResourceTagMappingList"]):
                if ":cloudformation:" not in arn:
                    yield arn, None if known & {arn, _short(arn)} else "not in the stack: delete it, or import it"


def _short(identity: str) -> str:
    return re.split(r"[:/]", identity.rstrip("/"))[-1]
