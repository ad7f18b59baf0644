"""Which changes would lose data, now or later. In doubt, one would: losing data by mistake cannot be mended.

What a resource holds is told by its type and by its own properties; what a change does to it, by its action and by the
properties that it weakens. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

from collections.abc import Iterator, Mapping
from math import inf

from provisioning_assets.core.plan import Action, Json

_STATEFUL = {
    "AWS::ACMPCA::CertificateAuthority", "AWS::AmazonMQ::Broker", "AWS::Backup::BackupVault",
    "AWS::Cassandra::Keyspace", "AWS::Cassandra::Table", "AWS::CodeCommit::Repository", "AWS::Cognito::UserPool",
    "AWS::DirectoryService::MicrosoftAD", "AWS::DirectoryService::SimpleAD", "AWS::DocDB::DBCluster",
    "AWS::DocDBElastic::Cluster", "AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table", "AWS::EC2::Instance",
    "AWS::EC2::Volume", "AWS::ECR::Repository", "AWS::EFS::FileSystem", "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::ServerlessCache", "AWS::Elasticsearch::Domain",
    "AWS::KMS::Key", "AWS::Kendra::Index", "AWS::Kinesis::Stream", "AWS::Lightsail::Bucket", "AWS::Lightsail::Disk",
    "AWS::Logs::LogGroup", "AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster", "AWS::MemoryDB::Cluster",
    "AWS::Neptune::DBCluster", "AWS::OpenSearchServerless::Collection", "AWS::OpenSearchService::Domain",
    "AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::RDS::GlobalCluster", "AWS::Redshift::Cluster",
    "AWS::RedshiftServerless::Namespace", "AWS::Route53::HostedZone", "AWS::S3::Bucket",
    "AWS::S3Express::DirectoryBucket", "AWS::S3Tables::TableBucket", "AWS::SQS::Queue", "AWS::SSM::Parameter",
    "AWS::SecretsManager::Secret", "AWS::Timestream::Database", "AWS::Timestream::Table", "AWS::WorkSpaces::Workspace",
}  # fmt: skip
"""Types that hold data; most of them have no property that says so."""

_FAMILIES = ("AWS::FSx::",)
_KNOWN = "AWS::"
"""How Amazon's own types begin. What any other one holds is not known."""

_STATELESS = {
    "AWS::DMS::ReplicationInstance", "AWS::DocDB::DBInstance", "AWS::IAM::User", "AWS::Neptune::DBInstance",
}  # fmt: skip
"""Types with one of the properties below that hold none: what is in a cluster's instance lies in the cluster."""

_RETENTIONS = {
    "AutomatedSnapshotRetentionPeriod", "BackupRetentionPeriod", "DataRetentionInHours",
    "MagneticStoreRetentionPeriodInDays", "ManualSnapshotRetentionPeriod", "MemoryStoreRetentionPeriodInHours",
    "MessageRetentionPeriod", "MinRetentionDays", "PendingWindowInDays", "RecoveryPeriodInDays", "RetentionInDays",
    "RetentionPeriodHours", "SnapshotRetentionLimit",
}  # fmt: skip
"""Numbers that say for how long something is kept."""

_PROTECTIONS = {
    "BackupPolicy", "DeletionProtection", "DeletionProtectionEnabled", "DisableApiTermination", "ObjectLockEnabled",
    "PointInTimeRecoveryEnabled", "PointInTimeRecoverySpecification", "VersioningConfiguration",
}  # fmt: skip
"""What protects data while it is on, with all that lies in it."""

_TELLING = (_RETENTIONS | _PROTECTIONS) - {"DisableApiTermination"} | {
    "AllocatedStorage", "SnapshotArns", "SnapshotIdentifier", "SnapshotName", "StorageCapacity", "StorageEncrypted",
}  # fmt: skip
"""Properties that only what holds data has, whatever their value."""

_POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")
_KEEPING = {"Retain", "RetainExceptOnCreate", "Snapshot"}


def because(kind: str, action: Action, before: Mapping[str, Json], after: Mapping[str, Json]) -> str:
    """What tells that a change would lose data, without values; empty when nothing does. Sides are a template's."""
    holds = _holds_data(kind, before.get("Properties") or {})
    if action is Action.CREATE or not holds:
        return ""
    if action is Action.UPDATE:
        weaker = sorted({*_weaker(before.get("Properties"), after.get("Properties")), *_let_go(before, after)})
        return f"less is kept, or less safely: {', '.join(weaker)}" if weaker else ""
    return holds


def _holds_data(kind: str, properties: Mapping[str, Json]) -> str:
    if not kind.startswith(_KNOWN):
        return f"what {kind} holds is not known"
    if kind in _STATEFUL or kind.startswith(_FAMILIES):
        return f"{kind} holds data"
    telling = sorted(_TELLING & properties.keys())
    return f"{kind} holds data: it has {telling[0]}" if telling and kind not in _STATELESS else ""


def _let_go(before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[str]:
    """Policies that kept the resource when the stack lets it go, and do not any more."""
    for name in _POLICIES:
        if before.get(name) in _KEEPING and after.get(name) not in _KEEPING:
            yield name


def _weaker(before: Json, after: Json, within: tuple[str, ...] = ()) -> Iterator[str]:
    """Names of what is kept less long afterwards, or protected less. What only CloudFormation knows is."""
    if isinstance(before, Mapping):
        if _told_by_function(before) and before != after and (_RETENTIONS | _PROTECTIONS) & {*within}:
            yield ".".join(within)
        elif before != after:
            for name, value in before.items():
                yield from _weaker(value, after.get(name) if isinstance(after, Mapping) else None, (*within, name))
            yield from (".".join((*within, name)) for name in _begun(before, after))
    elif isinstance(before, list):
        for position, value in enumerate(before):
            known = isinstance(after, list) and position < len(after)
            yield from _weaker(value, after[position] if known else None, within)
    elif (_RETENTIONS & {*within[-1:]} and _span(within[-1], before) > _span(within[-1], after)) or (
        _PROTECTIONS & {*within} and _on(before) and not _on(after)
    ):
        yield ".".join(within)


def _told_by_function(value: Mapping[str, Json]) -> bool:
    """Whether only CloudFormation knows the value."""
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def _begun(before: Mapping[str, Json], after: Json) -> Iterator[str]:
    """What was kept for ever, for want of a number."""
    if isinstance(after, Mapping) and "RetentionInDays" in after and "RetentionInDays" not in before:
        yield "RetentionInDays"


def _span(name: str, value: Json) -> float:
    """How long that is, in the property's own unit: without a number, logs are kept for ever."""
    if value is None and name == "RetentionInDays":
        return inf
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0


def _on(value: Json) -> bool:
    return value is True or str(value).upper() in {"ENABLED", "TRUE"}
