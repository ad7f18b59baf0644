"""Coverage: what is live and belongs to a stage, held against what its stack manages.

A change set compares templates, and drift detection sees only what a template says. This looks from the other side:
children of managed resources (rules, routes, role policies), and resources that carry the stage's tags. What AWS makes
by itself (local routes, a VPC's default security group) belongs to nobody and is left out.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from botocore.exceptions import ClientError

from provisioning_assets.backends.aws import Aws
from provisioning_assets.backends.infrastructure import StageRoot
from provisioning_assets.backends.infrastructure.cdk.resolved import Resolved
from provisioning_assets.backends.infrastructure.cdk.stack import Stack, Told

T = TypeVar("T")
Found = Iterator[tuple[str, str | None]]
Sign = tuple[str | None, ...]
"""What tells one child from another, as template and AWS both say it; None: only CloudFormation knows."""

_SERVICES = {"certificatemanager": "acm", "elasticloadbalancingv2": "elasticloadbalancing", "opensearchservice": "es"}
"""A service in the types of CloudFormation to the same in ARNs, where the two differ; a missing one shows as red."""
_GLOBAL = "us-east-1"
"""Where the tagging API lists what belongs to no region."""
_UNMANAGED = "not in the stack: delete it, or write it into the app and import it"
_PEERS = ("CidrIp", "CidrIpv6", "SourceSecurityGroupId", "DestinationSecurityGroupId", "SourcePrefixListId",
          "DestinationPrefixListId")  # fmt: skip
_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
_EVERYTHING = "-1"
_NO_POLICY = {"NoSuchBucketPolicy", "NoSuchBucket", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"}


def tags(stage: StageRoot) -> dict[str, str]:
    """What every resource of the stage carries: CloudFormation hands the tags of a stack on."""
    engagement, environment = stage.prefix.split("/")
    return {"Engagement": engagement, "Environment": environment, "Stage": stage.name}


def live_and_managed(stack: Stack, others: Sequence[Stack], stage: StageRoot, account: Aws) -> dict[str, str | None]:
    """Each live thing of the stage, and why it is not managed; None where this stack or another one of ours does."""
    own = _of(stack)
    known = [own, *map(_of, others)]
    with account.translated("AWS"):
        return {
            **dict(_security_group_rules(own, known, account)),
            **dict(_routes(own, known, account)),
            **dict(_role_policies(own, known, account)),
            **dict(_resource_policies(own, known, account)),
            **dict(_zones(own, known, account)),
            **dict(_tagged({each for stack in known for each in _names(stack)}, stage, account)),
        }


def _of(stack: Stack) -> Resolved:
    found = stack.described(stack.name) or {}
    physical = {each["LogicalResourceId"]: str(each.get("PhysicalResourceId", "")) for each in stack.resources()}
    return Resolved(stack.template(), physical, str(found["StackId"]))


def _security_group_rules(own: Resolved, known: Sequence[Resolved], account: Aws) -> Found:
    groups = {physical for physical, _ in own.of_type("AWS::EC2::SecurityGroup")}
    if not groups:
        return
    declared = Counter(rule for managed in known for rule in _declared_rules(managed))
    pages = account.client("ec2").get_paginator("describe_security_group_rules")
    live = (
        rule
        for page in pages.paginate(Filters=[{"Name": "group-id", "Values": sorted(groups)}])
        for rule in page["SecurityGroupRules"]
    )

    def sign(rule: Told) -> Sign:
        group = rule.get("ReferencedGroupInfo", {}).get("GroupId")
        peers = (rule.get("CidrIpv4"), rule.get("CidrIpv6"), group, rule.get("PrefixListId"))
        return (
            rule["GroupId"], "egress" if rule["IsEgress"] else "ingress",
            *_ports(rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort")), next(filter(None, peers), None),
        )  # fmt: skip

    for rule, ours in _accounted_for(live, sign, declared):
        group, way, protocol, first, _, peer = sign(rule)
        what = "everything" if protocol == _EVERYTHING else f"{protocol} {first}"
        name = f"{way} rule {rule['SecurityGroupRuleId']} of {group}"
        yield name, None if ours else f"allows {what} {'to' if way == 'egress' else 'from'} {peer}; {_UNMANAGED}"


def _declared_rules(managed: Resolved) -> Iterator[Sign]:
    for group, told in managed.of_type("AWS::EC2::SecurityGroup"):
        for way in ("ingress", "egress"):
            rules = told.get(f"SecurityGroup{way.title()}", [])
            yield from (_rule(managed, group, way, rule) for rule in rules if isinstance(rule, Mapping))
            if way == "egress" and not rules:
                yield group, way, _EVERYTHING, None, None, "0.0.0.0/0"  # EC2 makes it, and says so
    for way in ("ingress", "egress"):
        for _, told in managed.of_type(f"AWS::EC2::SecurityGroup{way.title()}"):
            yield _rule(managed, managed.text(told.get("GroupId")), way, told)


def _rule(managed: Resolved, group: str | None, way: str, told: Told) -> Sign:
    peer = next((managed.text(told[key]) for key in _PEERS if key in told), None)
    ports = (managed.text(told.get(key)) for key in ("IpProtocol", "FromPort", "ToPort"))
    return group, way, *_ports(*ports), peer


def _ports(protocol: object, first: object, last: object) -> Sign:
    """Protocol and ports; of everything there are no ports."""
    if str(protocol) == _EVERYTHING:
        return _EVERYTHING, None, None
    return str(protocol), None if first is None else str(first), None if last is None else str(last)


def _routes(own: Resolved, known: Sequence[Resolved], account: Aws) -> Found:
    tables = {physical for physical, _ in own.of_type("AWS::EC2::RouteTable")}
    if not tables:
        return
    declared: Counter[Sign] = Counter()
    for managed in known:
        for _, told in managed.of_type("AWS::EC2::Route"):
            destination = next((managed.text(told[key]) for key in _DESTINATIONS if key in told), None)
            declared[managed.text(told.get("RouteTableId")), destination] += 1
    endpoints = {physical for managed in known for physical, _ in managed.of_type("AWS::EC2::VPCEndpoint")}
    pages = account.client("ec2").get_paginator("describe_route_tables")
    live = [
        {**route, "Table": table["RouteTableId"]}
        for page in pages.paginate(Filters=[{"Name": "route-table-id", "Values": sorted(tables)}])
        for table in page["RouteTables"]
        for route in table["Routes"]
        if route.get("GatewayId") != "local" and route.get("Origin", "CreateRoute") == "CreateRoute"
        if table["RouteTableId"] in tables and route.get("GatewayId") not in endpoints
    ]

    def sign(route: Told) -> Sign:
        return route["Table"], next((str(route[key]) for key in _DESTINATIONS if route.get(key)), None)

    for route, ours in _accounted_for(live, sign, declared):
        table, destination = sign(route)
        yield f"route {destination} of {table}", None if ours else _UNMANAGED


def _role_policies(own: Resolved, known: Sequence[Resolved], account: Aws) -> Found:
    iam = account.client("iam")
    inline: Counter[Sign] = Counter()
    attached: Counter[Sign] = Counter()
    for managed in known:
        for role, told in managed.of_type("AWS::IAM::Role"):
            inline.update((role, managed.text(each.get("PolicyName"))) for each in told.get("Policies", []))
            attached.update((role, arn) for arn in managed.texts(told.get("ManagedPolicyArns", [])))
        for _, told in managed.of_type("AWS::IAM::Policy"):
            inline.update((role, managed.text(told.get("PolicyName"))) for role in managed.texts(told.get("Roles", [])))
        for _, told in managed.of_type("AWS::IAM::RolePolicy"):
            inline[managed.text(told.get("RoleName")), managed.text(told.get("PolicyName"))] += 1
        for arn, told in managed.of_type("AWS::IAM::ManagedPolicy"):
            attached.update((role, arn) for role in managed.texts(told.get("Roles", [])))
    for role in sorted(physical for physical, _ in own.of_type("AWS::IAM::Role")):
        pages = iam.get_paginator("list_role_policies").paginate(RoleName=role)
        yield from _policies(role, [name for page in pages for name in page["PolicyNames"]], inline)
        pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
        yield from _policies(role, [each["PolicyArn"] for page in pages for each in page["AttachedPolicies"]], attached)


def _policies(role: str, names: Iterable[str], declared: Counter[Sign]) -> Found:
    for name, ours in _accounted_for(names, lambda name: (role, name), declared):
        yield f"policy {name} of role {role}", None if ours else _UNMANAGED


def _resource_policies(own: Resolved, known: Sequence[Resolved], account: Aws) -> Found:
    """Policies of queues and buckets: whoever they let in, no drift of the queue or the bucket shows it."""
    sqs, s3 = account.client("sqs"), account.client("s3")
    declared: set[str | None] = set()
    for managed in known:
        for _, told in managed.of_type("AWS::SQS::QueuePolicy"):
            declared.update(managed.texts(told.get("Queues")))
        for _, told in managed.of_type("AWS::S3::BucketPolicy"):
            declared.add(managed.text(told.get("Bucket")))
    for url, _ in own.of_type("AWS::SQS::Queue"):
        if _policy(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["Policy"]):
            yield f"policy of queue {url}", None if url in declared else _UNMANAGED
    for name, _ in own.of_type("AWS::S3::Bucket"):
        if _policy(s3.get_bucket_policy, Bucket=name):
            yield f"policy of bucket {name}", None if name in declared else _UNMANAGED


def _policy(read: Callable[..., Told], **of: object) -> str:
    """The policy in an answer; empty where there is none, or nothing that could have one."""
    try:
        told = read(**of)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NO_POLICY:
            raise
        return ""
    return str(told.get("Attributes", told).get("Policy") or "")  # SQS leaves them out when there are none


def _zones(own: Resolved, known: Sequence[Resolved], account: Aws) -> Found:
    """Public zones of the same name: a second one answers nobody, and takes records that were meant for the first."""
    zones = {physical for managed in known for physical, _ in managed.of_type("AWS::Route53::HostedZone")}
    names = {str(own.text(told.get("Name"))).rstrip(".") for _, told in own.of_type("AWS::Route53::HostedZone")}
    for name in sorted(names):
        for zone in account.client("route53").list_hosted_zones_by_name(DNSName=name)["HostedZones"]:
            identity = zone["Id"].removeprefix("/hostedzone/")
            if zone["Name"].rstrip(".") == name and not zone["Config"].get("PrivateZone"):
                yield f"zone {identity} ({name})", None if identity in zones else _UNMANAGED


def _names(stack: Resolved) -> Iterator[Sign]:
    """Each resource of a stack by its service and its last name: a name alone may be that of something else."""
    for logical, physical in stack.physical.items():
        kind = str(stack.template.get("Resources", {}).get(logical, {}).get("Type", ""))
        service = kind.split("::")[1].lower() if kind.count("::") > 1 else ""
        yield _SERVICES.get(service, service), _short(physical)


def _tagged(known: set[Sign], stage: StageRoot, account: Aws) -> Found:
    """Top-level resources that carry the stage's tags: what a stack let go of, or made by hand."""
    filters = [{"Key": key, "Values": [value]} for key, value in tags(stage).items()]
    for region in sorted({account.access.region, _GLOBAL}):
        pages = account.client("resourcegroupstaggingapi", region).get_paginator("get_resources")
        for page in pages.paginate(TagFilters=filters):
            for arn in (resource["ResourceARN"].removesuffix(":*") for resource in page["ResourceTagMappingList"]):
                if ":cloudformation:" not in arn and ":security-group-rule/" not in arn:
                    yield arn, None if (arn.split(":")[2], _short(arn)) in known else _UNMANAGED


def _accounted_for(live: Iterable[T], sign: Callable[[T], Sign], declared: Counter[Sign]) -> Iterator[tuple[T, bool]]:
    """Each live child, and whether the template has one for it; one that is not known in full stands for one."""
    left, unknown = Counter(declared), list[T]()
    for each in live:
        if left[sign(each)]:
            left[sign(each)] -= 1
            yield each, True
        else:
            unknown.append(each)
    for each in unknown:
        partly = next((known for known, count in left.items() if count and _may_be(known, sign(each))), None)
        if partly is not None:
            left[partly] -= 1
        yield each, partly is not None


def _may_be(declared: Sign, live: Sign) -> bool:
    """Whether the end of a declared child, which alone is not known here, is all that keeps the two apart."""
    return declared[-1] is None and declared[:-1] == live[:-1]


def _short(identity: str) -> str:
    return re.split(r"[:/]", identity.rstrip("/"))[-1]
