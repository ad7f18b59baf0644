"""Which updates of a stack would lose data: by the comparison that judges every engine, in CloudFormation's words."""

from collections.abc import Mapping
from typing import Any

import pytest

from provisioning_assets.backends.infrastructure.cdk.stateful import because
from provisioning_assets.core.plan import Action

BUCKET, GROUP, POOL, TABLE = "AWS::S3::Bucket", "AWS::Logs::LogGroup", "AWS::Cognito::UserPool", "AWS::DynamoDB::Table"
QUEUE, DATABASE, PLAN, DLM = (
    "AWS::SQS::Queue",
    "AWS::RDS::DBInstance",
    "AWS::Backup::BackupPlan",
    "AWS::DLM::LifecyclePolicy",
)
SOMEWHERE: dict[str, Any] = {"Ref": "Other"}


def lost(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return because(kind, Action.UPDATE, {"Properties": before}, {"Properties": after})


def expires(days: Any, **more: Any) -> dict[str, Any]:
    """A bucket whose objects expire."""
    return {"LifecycleConfiguration": {"Rules": [{"Id": "all", "Status": "Enabled", "ExpirationInDays": days, **more}]}}


def noncurrent(days: int, kept: int = 1) -> dict[str, Any]:
    """A bucket whose former versions expire."""
    rule = {"NoncurrentDays": days, "NewerNoncurrentVersions": kept}
    return {"LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "NoncurrentVersionExpiration": rule}]}}


def locked(mode: str, days: int) -> dict[str, Any]:
    """A bucket with an object lock."""
    rule = {"DefaultRetention": {"Mode": mode, "Days": days}}
    return {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": rule}}


def ttl(*, enabled: Any) -> dict[str, Any]:
    """A table whose items live as long as one of their attributes says."""
    return {"TimeToLiveSpecification": {"AttributeName": "until", "Enabled": enabled}}


def restorable(*, days: int = 35, enabled: Any = True) -> dict[str, Any]:
    """A table that can be set back in time."""
    told = {"PointInTimeRecoveryEnabled": enabled, "RecoveryPeriodInDays": days}
    return {"PointInTimeRecoverySpecification": told}


def nightly(days: int) -> dict[str, Any]:
    """A backup plan."""
    return {"BackupPlan": {"BackupPlanRule": [{"RuleName": "nightly", "Lifecycle": {"DeleteAfterDays": days}}]}}


def retain(count: int, state: str = "ENABLED") -> dict[str, Any]:
    """A policy of snapshots."""
    schedule = {"Name": "daily", "RetainRule": {"Count": count}}
    return {"State": state, "PolicyDetails": {"Schedules": [schedule]}}


WEAKER: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (POOL, {"DeletionProtection": "ACTIVE"}, {"DeletionProtection": "INACTIVE"}),
    (POOL, {"DeletionProtection": "ACTIVE"}, {}),
    (DATABASE, {"DeletionProtection": "true"}, {"DeletionProtection": "false"}),
    (BUCKET, locked("COMPLIANCE", 30), locked("GOVERNANCE", 30)),
    (BUCKET, locked("COMPLIANCE", 30), locked("COMPLIANCE", 7)),
    (BUCKET, locked("COMPLIANCE", 30), {}),
    (BUCKET, {}, expires(30)),
    (BUCKET, expires(30), expires(7)),
    (BUCKET, expires(30), expires("7")),
    (BUCKET, expires(30, Status="Disabled"), expires(30)),
    (BUCKET, expires(30), expires(7, Id="another")),
    (BUCKET, expires(30, Prefix="logs/"), expires(30, Prefix="")),
    (BUCKET, expires(30, TagFilters=[{"Key": "a", "Value": "b"}]), expires(30)),
    (BUCKET, expires(30, ExpirationDate="2030-01-01"), expires(30, ExpirationDate="2029-01-01")),
    (BUCKET, noncurrent(30), noncurrent(7)),
    (BUCKET, noncurrent(30, 5), noncurrent(30, 1)),
    (BUCKET, expires(30), expires(SOMEWHERE)),
    (TABLE, {}, ttl(enabled=True)),
    (TABLE, ttl(enabled=False), ttl(enabled="true")),
    (TABLE, restorable(), restorable(enabled=False)),
    (TABLE, restorable(), restorable(days=7)),
    (TABLE, restorable(), {}),
    (GROUP, {}, {"RetentionInDays": 3653}),
    (QUEUE, {}, {"MessageRetentionPeriod": 60}),
    (QUEUE, {"MessageRetentionPeriod": 1_209_600}, {}),
    ("AWS::Kinesis::Stream", {"RetentionPeriodHours": 168}, {"RetentionPeriodHours": 24}),
    ("AWS::KMS::Key", {}, {"PendingWindowInDays": 7}),
    (DATABASE, {}, {"BackupRetentionPeriod": 0}),
    (DATABASE, {"DeleteAutomatedBackups": False}, {}),
    ("AWS::ECR::Repository", {}, {"EmptyOnDelete": True}),
    ("AWS::Cassandra::Table", {}, {"DefaultTimeToLive": 60}),
    (
        "AWS::CloudTrail::EventDataStore",
        {"TerminationProtectionEnabled": True},
        {"TerminationProtectionEnabled": False},
    ),
    (PLAN, nightly(120), nightly(30)),
    (PLAN, nightly(120), {"BackupPlan": {"BackupPlanRule": []}}),
    (DLM, retain(14), retain(2)),
    (DLM, retain(14), retain(14, "DISABLED")),
    (BUCKET, {"VersioningConfiguration": SOMEWHERE}, {"VersioningConfiguration": {"Status": "Suspended"}}),
    (BUCKET, {"VersioningConfiguration": {"Status": "Enabled"}}, {"VersioningConfiguration": {"Ref": "AWS::NoValue"}}),
    (BUCKET, {"LifecycleConfiguration": SOMEWHERE}, expires(7)),
]


@pytest.mark.parametrize(("kind", "before", "after"), WEAKER)
def test_less_kept_or_less_safely_is_stateful(kind: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    assert any(name in lost(kind, before, after) for name in {*before, *after})


KEPT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    *((kind, after, before) for kind, before, after in WEAKER if kind == POOL and after),
    (BUCKET, locked("GOVERNANCE", 7), locked("COMPLIANCE", 30)),
    (BUCKET, expires(7), expires(30)),
    (BUCKET, expires(7), expires("7")),
    (BUCKET, expires(7), {}),
    (BUCKET, expires(30), expires(7, Status="Disabled")),
    (BUCKET, {}, expires(None, Transitions=[{"TransitionInDays": 1}])),
    (BUCKET, {"VersioningConfiguration": SOMEWHERE}, {"VersioningConfiguration": SOMEWHERE}),
    (BUCKET, {"NotificationConfiguration": {"QueueConfigurations": [{"Filter": "a"}]}},
             {"NotificationConfiguration": {"QueueConfigurations": [{"Filter": "b"}]}}),
    (TABLE, ttl(enabled=True), ttl(enabled=False)),
    (TABLE, restorable(days=7), restorable()),
    (GROUP, {"RetentionInDays": 3653}, {}),
    (QUEUE, {"MessageRetentionPeriod": 60}, {}),
    (QUEUE, {"MessageRetentionPeriod": "60"}, {"MessageRetentionPeriod": 60}),
    (PLAN, nightly(30), nightly(120)),
    ("AWS::EC2::LaunchTemplate", {"DisableApiTermination": True}, {"DisableApiTermination": False}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "before", "after"), KEPT)
def test_what_keeps_as_much_is_not(kind: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    assert lost(kind, before, after) == ""


def test_names_are_those_of_the_template() -> None:
    assert lost(TABLE, restorable(), restorable(days=7)).endswith(
        "PointInTimeRecoverySpecification.RecoveryPeriodInDays"
    )
