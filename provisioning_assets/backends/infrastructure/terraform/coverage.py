"""Coverage: the live resources that belong to a stage, compared with what the states of its engine manage.

A plan only compares what is in the state; it does not see what somebody added by hand. This looks from the other side,
at children of managed resources (rules, routes, role policies) and at resources that carry the stage's tags. A stage
may add to what another one made: the rule of a load balancer lies in the network's security group. What AWS creates by
itself (local routes) is left out, and so is a VPC's default security group, unless the code manages it, as our network
module does: a plan then shows every rule that was added to it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provisioning_assets.backends.aws import Aws
from provisioning_assets.backends.infrastructure import StageRoot
from provisioning_assets.core.plan import Json

Found = Iterator[tuple[str, str | None]]
Managed = Mapping[str, list[Mapping[str, Any]]]
"""Attributes of the resources in one or more states, by type; kept only in memory."""

_INGRESS, _EGRESS = "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"
_RULES = (_INGRESS, _EGRESS, "aws_security_group_rule")
_DESTINATIONS = {
    "DestinationCidrBlock": "destination_cidr_block",
    "DestinationIpv6CidrBlock": "destination_ipv6_cidr_block",
    "DestinationPrefixListId": "destination_prefix_list_id",
}
_GLOBAL = "us-east-1"
"""The region whose tagging API lists resources that belong to no region."""


def live_and_managed(
    state: Mapping[str, Json], others: Sequence[Mapping[str, Json]], stage: StageRoot, account: Aws
) -> dict[str, str | None]:
    """Each live resource of the stage to the reason why it is unmanaged; None if this or another stage manages it."""
    own, known = _managed([state]), _managed([state, *others])
    with account.translated("AWS"):
        return {
            **dict(_security_group_rules(own, known, account)),
            **dict(_routes(own, known, account)),
            **dict(_role_policies(own, known, account)),
            **dict(_zones(own, known, account)),
            **dict(_tagged(known, stage, account)),
        }


def _managed(states: Sequence[Mapping[str, Json]]) -> Managed:
    managed: dict[str, list[Mapping[str, Any]]] = {}
    for resource in (each for state in states for each in state["resources"]):
        if resource["mode"] == "managed":
            managed.setdefault(resource["type"], []).extend(each["attributes"] for each in resource["instances"])
    return managed


def _security_group_rules(own: Managed, known: Managed, account: Aws) -> Found:
    groups = {group["id"]: group["name"] for group in own.get("aws_security_group", [])}
    if not groups:
        return
    ours = {rule.get("security_group_rule_id") for kind in _RULES for rule in known.get(kind, [])}
    pages = account.client("ec2").get_paginator("describe_security_group_rules")
    for page in pages.paginate(Filters=[{"Name": "group-id", "Values": sorted(groups)}]):
        for rule in page["SecurityGroupRules"]:
            identity, group = rule["SecurityGroupRuleId"], rule["GroupId"]
            kind = _EGRESS if rule["IsEgress"] else _INGRESS
            reason = None if identity in ours else f"{_allowed(rule)}; {_remedy(kind, identity)}"
            yield f"{kind} {identity} of {group} ({groups[group]})", reason


def _allowed(rule: Mapping[str, Any]) -> str:
    peers = (rule.get("CidrIpv4"), rule.get("CidrIpv6"), rule.get("PrefixListId"))
    peer = next((each for each in peers if each), rule.get("ReferencedGroupInfo", {}).get("GroupId", "a group"))
    protocol, ports = rule["IpProtocol"], {str(rule[end]) for end in ("FromPort", "ToPort") if rule.get(end, -1) != -1}
    what = "everything" if protocol == "-1" else f"{protocol} {'-'.join(sorted(ports, key=int))}"
    return f"allows {what.strip()} {'to' if rule['IsEgress'] else 'from'} {peer}"


def _routes(own: Managed, known: Managed, account: Aws) -> Found:
    tables = sorted(table["id"] for table in own.get("aws_route_table", []))
    if not tables:
        return
    routes = known.get("aws_route", [])
    places = {(route["route_table_id"], route[key]) for route in routes for key in _DESTINATIONS.values() if route[key]}
    endpoints = {endpoint["id"] for endpoint in known.get("aws_vpc_endpoint", [])}
    pages = account.client("ec2").get_paginator("describe_route_tables")
    for page in pages.paginate(Filters=[{"Name": "route-table-id", "Values": tables}]):
        for table in page["RouteTables"]:
            for route in table["Routes"]:
                gateway = route.get("GatewayId", "")
                if gateway == "local" or route.get("Origin", "CreateRoute") != "CreateRoute":
                    continue
                place = table["RouteTableId"], next(route[key] for key in _DESTINATIONS if route.get(key))
                ours = place in places or gateway in endpoints
                yield f"aws_route {place[1]} of {place[0]}", None if ours else _remedy("aws_route", "_".join(place))


def _role_policies(own: Managed, known: Managed, account: Aws) -> Found:
    iam = account.client("iam")
    inline = {(policy["role"], policy["name"]) for policy in known.get("aws_iam_role_policy", [])}
    attached = {(each["role"], each["policy_arn"]) for each in known.get("aws_iam_role_policy_attachment", [])}
    for role in sorted(role["name"] for role in own.get("aws_iam_role", [])):
        for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
            for name in page["PolicyNames"]:
                reason = None if (role, name) in inline else _remedy("aws_iam_role_policy", f"{role}:{name}")
                yield f"aws_iam_role_policy {name} of {role}", reason
        for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role):
            for policy in page["AttachedPolicies"]:
                arn, kind = policy["PolicyArn"], "aws_iam_role_policy_attachment"
                yield f"{kind} {arn} of {role}", None if (role, arn) in attached else _remedy(kind, f"{role}/{arn}")


def _zones(own: Managed, known: Managed, account: Aws) -> Found:
    """Public zones of the same name: nobody asks a second one, but it may get records meant for the first."""
    ours = {zone["zone_id"] for zone in known.get("aws_route53_zone", [])}
    names = {zone["name"].rstrip(".") for zone in own.get("aws_route53_zone", [])}
    for name in sorted(names):
        for zone in account.client("route53").list_hosted_zones_by_name(DNSName=name)["HostedZones"]:
            identity = zone["Id"].removeprefix("/hostedzone/")
            if zone["Name"].rstrip(".") == name and not zone["Config"].get("PrivateZone"):
                reason = None if identity in ours else _remedy("aws_route53_zone", identity)
                yield f"aws_route53_zone {identity} ({name})", reason


def _tagged(known: Managed, stage: StageRoot, account: Aws) -> Found:
    """Top-level resources with the stage's tags that a crashed apply left, or somebody made by hand."""
    resources = [resource for each in known.values() for resource in each]
    # By its ARN, where it has one: a name alone may be that of something else, in any of the states.
    names = {_identity(str(each.get("arn") or each["id"])) for each in resources if each.get("arn") or each.get("id")}
    wanted = {**{key: stage.variables[key.lower()] for key in ("Engagement", "Environment")}, "Stage": stage.name}
    filters = [{"Key": key, "Values": [str(value)]} for key, value in wanted.items()]
    for region in sorted({account.access.region, _GLOBAL}):
        pages = account.client("resourcegroupstaggingapi", region).get_paginator("get_resources")
        for page in pages.paginate(TagFilters=filters):
            for arn in (resource["ResourceARN"] for resource in page["ResourceTagMappingList"]):
                short = re.split(r"[:/]", arn)[-1]
                if ":security-group-rule/" in arn or ":hostedzone/" in arn:
                    continue  # listed above, in more detail
                ours = _identity(arn) in names or short in names
                yield arn, None if ours else _remedy("TYPE", short)


def _identity(arn: str) -> str:
    """An ARN without the parts that change: the `:*` of a log group, and a task's revision, which deployments raise."""
    return re.sub(r"(:task-definition/[^:]+):\d+$", r"\1", arn).removesuffix(":*")


def _remedy(kind: str, identity: str) -> str:
    return f'in no state: delete it, or write its code and `import {{ to = {kind}.NAME, id = "{identity}" }}`'
