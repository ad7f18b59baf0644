"""Which changes would lose data, now or later. In doubt, one would: losing data by mistake cannot be mended.

What a resource holds is told by its type and by its own properties; what a change does to it, by its action and by what
it weakens, which the same comparison judges for every engine.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
"""

import json
import re
from collections.abc import Iterator, Mapping

from provisioning_assets.backends.infrastructure.protections import TELLING, Unknown, weakened
from provisioning_assets.core.plan import Action, Json

_STATEFUL = {
    "AWS::ACMPCA::CertificateAuthority", "AWS::APS::Workspace", "AWS::AmazonMQ::Broker", "AWS::Backup::BackupPlan",
    "AWS::Backup::BackupVault", "AWS::Cassandra::Keyspace", "AWS::Cassandra::Table", "AWS::CloudFormation::Stack",
    "AWS::CloudTrail::EventDataStore", "AWS::CodeCommit::Repository", "AWS::Cognito::UserPool",
    "AWS::DLM::LifecyclePolicy", "AWS::DirectoryService::MicrosoftAD", "AWS::DirectoryService::SimpleAD",
    "AWS::DocDB::DBCluster", "AWS::DocDBElastic::Cluster", "AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table",
    "AWS::EC2::Instance", "AWS::EC2::Volume", "AWS::ECR::Repository", "AWS::EFS::FileSystem",
    "AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::ServerlessCache",
    "AWS::Elasticsearch::Domain", "AWS::KMS::Key", "AWS::Kendra::Index", "AWS::Kinesis::Stream",
    "AWS::Lightsail::Bucket", "AWS::Lightsail::Database", "AWS::Lightsail::Disk", "AWS::Lightsail::Instance",
    "AWS::Logs::LogGroup", "AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster", "AWS::MemoryDB::Cluster",
    "AWS::Neptune::DBCluster", "AWS::OpenSearchServerless::Collection", "AWS::OpenSearchService::Domain",
    "AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::RDS::GlobalCluster", "AWS::Redshift::Cluster",
    "AWS::RedshiftServerless::Namespace", "AWS::Route53::HostedZone", "AWS::S3::Bucket",
    "AWS::S3Express::DirectoryBucket", "AWS::S3Tables::Table", "AWS::S3Tables::TableBucket", "AWS::SQS::Queue",
    "AWS::SSM::Parameter", "AWS::SecretsManager::Secret", "AWS::Timestream::Database", "AWS::Timestream::Table",
    "AWS::WorkSpaces::Workspace",
}  # fmt: skip
"""Types that hold data; most of them have no property that says so."""

_FAMILIES = ("AWS::FSx::",)
_KNOWN = "AWS::"
"""How Amazon's own types begin. What any other one holds is not known."""

_STATELESS = {
    "AWS::DMS::ReplicationInstance", "AWS::DocDB::DBInstance", "AWS::IAM::User", "AWS::Neptune::DBInstance",
}  # fmt: skip
"""Types with one of the properties below that hold none: what is in a cluster's instance lies in the cluster."""

_DEFAULTS: Mapping[str, Mapping[str, Json]] = {
    "AWS::DocDB::DBCluster": {"BackupRetentionPeriod": 1},
    "AWS::KMS::Key": {"PendingWindowInDays": 30},
    "AWS::Kinesis::Stream": {"RetentionPeriodHours": 24},
    "AWS::Logs::LogGroup": {"RetentionInDays": 0},
    "AWS::Neptune::DBCluster": {"BackupRetentionPeriod": 1},
    "AWS::RDS::DBCluster": {"BackupRetentionPeriod": 1},
    "AWS::RDS::DBInstance": {"BackupRetentionPeriod": 1, "DeleteAutomatedBackups": True},
    "AWS::Redshift::Cluster": {"AutomatedSnapshotRetentionPeriod": 1},
    "AWS::SQS::Queue": {"MessageRetentionPeriod": 345_600},
}
"""What holds when the template does not say; 0 days of a log group are for ever."""

_BESIDE = {"AnalyticsConfigurations", "InventoryConfigurations", "MetricsConfigurations", "NotificationConfiguration"}
"""Properties of a bucket that look like rules on what it keeps, and are about something else."""

_SCOPE = ("ObjectSizeGreaterThan", "ObjectSizeLessThan", "Prefix", "TagFilters")
"""What says to which objects a rule of a bucket applies: without any of them, to all."""

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")
_NOTHING = {"Ref": "AWS::NoValue"}
_KEEPING = {"Retain", "RetainExceptOnCreate", "Snapshot"}


def because(kind: str, action: Action, before: Mapping[str, Json], after: Mapping[str, Json]) -> str:
    """What tells that a change would lose data, without values; empty when nothing does. Sides are a template's."""
    holds = _holds_data(kind, before.get("Properties") or {})
    if action is Action.CREATE or not holds:
        return ""
    if action is Action.UPDATE:
        old, new = (_neutral(kind, side.get("Properties") or {}) for side in (before, after))
        names = map(_camel, weakened(_snake(kind.replace("::", "_")), old, new))
        weaker = sorted({*names, *_let_go(before, after)})
        return f"less is kept, or less safely: {', '.join(weaker)}" if weaker else ""
    return holds


def _holds_data(kind: str, properties: Mapping[str, Json]) -> str:
    if not kind.startswith(_KNOWN):
        return f"what {kind} holds is not known"
    if kind in _STATEFUL or kind.startswith(_FAMILIES):
        return f"{kind} holds data"
    telling = sorted(name for name in properties if _snake(name) in TELLING)
    return f"{kind} holds data: it has {telling[0]}" if telling and kind not in _STATELESS else ""


def _let_go(before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[str]:
    """Policies that kept the resource when the stack lets it go, and do not any more."""
    for name in _POLICIES:
        if before.get(name) in _KEEPING and after.get(name) not in _KEEPING:
            yield name


def _neutral(kind: str, properties: Mapping[str, Json]) -> Json:
    """Properties of a template in the form in which every engine is judged."""
    told = {name: value for name, value in properties.items() if name not in _BESIDE and value != _NOTHING}
    rules = (told.get("LifecycleConfiguration") or {}).get("Rules")
    if isinstance(rules, list):
        told["LifecycleConfiguration"] = {**told["LifecycleConfiguration"], "Rules": [*map(_scoped, rules)]}
    return _form({**_DEFAULTS.get(kind, {}), **told})


def _scoped(rule: Json) -> Json:
    """A rule with all that says to what it applies as one value; one that only CloudFormation knows has none."""
    return {**rule, "Scope": json.dumps([rule.get(name) for name in _SCOPE])} if "Status" in rule else rule


def _form(value: Json) -> Json:
    """The same of a value; what only CloudFormation knows is not known."""
    if isinstance(value, list):
        return [_form(each) for each in value]
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if value == _NOTHING:
        return None
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
        return Unknown(json.dumps(value, sort_keys=True))
    return {_snake(name): _form(each) for name, each in value.items()}


def _snake(name: str) -> str:
    return _WORDS.sub("_", name).lower()


def _camel(name: str) -> str:
    """The same as a template has it: of what is judged, each word begins with one capital."""
    return re.sub(r"(?:^|_|(?<=[.]))([a-z])", lambda found: found[1].upper(), name)
