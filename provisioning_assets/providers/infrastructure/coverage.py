"""Coverage: what is live and belongs to a stage, held against what its state manages.

A plan compares what the state knows; what somebody added by hand is invisible to it. This looks from
the other side: children (rules of security groups, routes, inline policies) and tagged resources.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioning_assets.plan import Json
from provisioning_assets.providers import aws
from provisioning_assets.providers.infrastructure import StageRoot

Found = Iterator[tuple[str, str | None]]
_LOCAL = "local"


def live_and_managed(state: Mapping[str, Json], stage: StageRoot) -> dict[str, str | None]:
    """Each live thing of the stage, and why it is not managed; None where it is."""
    managed = _by_type(state)
    region = stage.state["region"]
    with aws.translated("AWS"):
        return dict([
            *_security_group_rules(managed, region),
            *_routes(managed, region),
            *_role_policies(managed, region),
            *_tagged(managed, stage),
        ])  # fmt: skip


def _by_type(state: Mapping[str, Json]) -> dict[str, list[Mapping[str, Any]]]:
    """Attributes of the managed resources of a state, by type; they stay in memory."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for resource in state["resources"]:
        if resource["mode"] == "managed":
            found.setdefault(resource["type"], []).extend(each["attributes"] for each in resource["instances"])
    return found


def _security_group_rules(managed: Mapping[str, list[Mapping[str, Any]]], region: str) -> Found:
    groups = {group["id"]: group["name"] for group in managed.get("aws_security_group", [])}
    if not groups:
        return
    kinds = ("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule")
    known = {rule["security_group_rule_id"] for kind in kinds for rule in managed.get(kind, [])}
    pages = aws.client("ec2", region).get_paginator("describe_security_group_rules")
    for page in pages.paginate(Filters=[{"Name": "group-id", "Values": sorted(groups)}]):
        for rule in page["SecurityGroupRules"]:
            kind = kinds[1] if rule["IsEgress"] else kinds[0]
            name = f"{kind} {rule['SecurityGroupRuleId']} of {groups[rule['GroupId']]}"
            yield name, None if rule["SecurityGroupRuleId"] in known else _remedy(kind, rule["SecurityGroupRuleId"])


def _routes(managed: Mapping[str, list[Mapping[str, Any]]], region: str) -> Found:
    tables = [table["id"] for table in managed.get("aws_route_table", [])]
    if not tables:
        return
    known = {(route["route_table_id"], route["destination_cidr_block"]) for route in managed.get("aws_route", [])}
    for table in aws.client("ec2", region).describe_route_tables(RouteTableIds=tables)["RouteTables"]:
        for route in table["Routes"]:
            if route.get("GatewayId") == _LOCAL:
                continue
            place = table["RouteTableId"], route.get("DestinationCidrBlock", "")
            reason = None if place in known else _remedy("aws_route", "_".join(place))
            yield f"aws_route {place[1]} of {place[0]}", reason


def _role_policies(managed: Mapping[str, list[Mapping[str, Any]]], region: str) -> Found:
    iam = aws.client("iam", region)
    inline = {(policy["role"], policy["name"]) for policy in managed.get("aws_iam_role_policy", [])}
    attached = {(a["role"], a["policy_arn"]) for a in managed.get("aws_iam_role_policy_attachment", [])}
    for role in managed.get("aws_iam_role", []):
        name = role["name"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            reason = None if (name, policy) in inline else _remedy("aws_iam_role_policy", f"{name}:{policy}")
            yield f"aws_iam_role_policy {policy} of {name}", reason
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            arn = policy["PolicyArn"]
            reason = None if (name, arn) in attached else _remedy("aws_iam_role_policy_attachment", f"{name}/{arn}")
            yield f"aws_iam_role_policy_attachment {policy['PolicyName']} of {name}", reason


def _tagged(managed: Mapping[str, list[Mapping[str, Any]]], stage: StageRoot) -> Found:
    """Top-level resources that carry the stage's tags: orphans of a crashed apply, or made by hand."""
    known = {str(r["arn"]).removesuffix(":*") for resources in managed.values() for r in resources if r.get("arn")}
    wanted = {
        "Engagement": stage.variables["engagement"],
        "Environment": stage.variables["environment"],
        "Stage": stage.name,
    }
    filters = [{"Key": key, "Values": [str(value)]} for key, value in wanted.items()]
    region = stage.state["region"]
    children = ("security-group-rule/",)
    pages = aws.client("resourcegroupstaggingapi", region).get_paginator("get_resources")
    for page in pages.paginate(TagFilters=filters):
        for resource in page["ResourceTagMappingList"]:
            arn = resource["ResourceARN"]
            if not any(child in arn for child in children):
                yield arn, None if arn.removesuffix(":*") in known else _remedy("the resource", arn)


def _remedy(kind: str, identity: str) -> str:
    return f'is not in the code: delete it, or adopt it with `import {{ id = "{identity}" }}` for {kind}'
