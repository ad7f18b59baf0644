"""Which changes take away what holds data: by CloudFormation's types of resources, and by how long they keep it."""

from collections.abc import Mapping

from provisioning_assets.core.plan import Json

_HOLDS_DATA = {
    "AWS::ACMPCA::CertificateAuthority", "AWS::AmazonMQ::Broker", "AWS::Backup::BackupVault", "AWS::Cognito::UserPool",
    "AWS::DocDB::DBCluster", "AWS::DocDB::DBInstance", "AWS::DocDBElastic::Cluster", "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table", "AWS::EC2::Instance", "AWS::EC2::Volume", "AWS::ECR::Repository", "AWS::EFS::FileSystem",
    "AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::ServerlessCache",
    "AWS::Elasticsearch::Domain", "AWS::Cassandra::Table", "AWS::Kinesis::Stream", "AWS::KMS::Key",
    "AWS::Logs::LogGroup", "AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster", "AWS::MemoryDB::Cluster",
    "AWS::Neptune::DBCluster", "AWS::Neptune::DBInstance", "AWS::OpenSearchServerless::Collection",
    "AWS::OpenSearchService::Domain", "AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::RDS::GlobalCluster",
    "AWS::Redshift::Cluster", "AWS::RedshiftServerless::Namespace", "AWS::Route53::HostedZone", "AWS::S3::Bucket",
    "AWS::S3Express::DirectoryBucket", "AWS::SQS::Queue", "AWS::SSM::Parameter", "AWS::SecretsManager::Secret",
    "AWS::Timestream::Database", "AWS::Timestream::Table",
}  # fmt: skip
_FAMILIES = ("AWS::FSx::", "Custom::")
"""What a resource of somebody's own type holds, nobody here knows."""

_RETENTION = {
    "AWS::Logs::LogGroup": "RetentionInDays",
    "AWS::SQS::Queue": "MessageRetentionPeriod",
    "AWS::Kinesis::Stream": "RetentionPeriodHours",
    "AWS::RDS::DBInstance": "BackupRetentionPeriod",
    "AWS::RDS::DBCluster": "BackupRetentionPeriod",
    "AWS::DocDB::DBCluster": "BackupRetentionPeriod",
    "AWS::Neptune::DBCluster": "BackupRetentionPeriod",
    "AWS::Redshift::Cluster": "AutomatedSnapshotRetentionPeriod",
    "AWS::ElastiCache::ReplicationGroup": "SnapshotRetentionLimit",
}
"""A type to the property that says how long it keeps its data."""
_FOR_EVER = {"AWS::Logs::LogGroup"}
"""Types that keep everything where the property is left out. The default of the others is not known here."""


def holds_data(resource_type: str) -> bool:
    """Whether a resource of this type holds data."""
    return resource_type in _HOLDS_DATA or resource_type.startswith(_FAMILIES)


def keeps_less(resource_type: str, names: set[str], before: Mapping[str, Json], after: Mapping[str, Json]) -> bool:
    """Whether an update of these properties lets data go earlier. What cannot be compared counts as if it did."""
    retention = _RETENTION.get(resource_type)
    if retention is None or retention not in names:
        return False
    old, new = (_period(resource_type, properties.get(retention)) for properties in (before, after))
    return old is None or new is None or new < old


def _period(resource_type: str, value: Json) -> float | None:
    if value is None:
        return float("inf") if resource_type in _FOR_EVER else None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
