"""Which changes of a Terraform plan would lose data: told by the type, its attributes, its provider, and the change."""

from typing import Any

import pytest

from provisioning_assets.backends.infrastructure.terraform.plan_json import plan_from
from provisioning_assets.core.plan import Action, Change, Plan
from provisioning_assets.core.safety import keeps_data
from tests.support.terraform_plans import AWS, change, lost

LOSING = (["delete"], ["delete", "create"], ["create", "delete"], ["forget"], ["create", "forget"])


@pytest.mark.parametrize("actions", LOSING)
@pytest.mark.parametrize(
    ("kind", "before", "stateful"),
    [
        ("aws_s3_bucket", {}, True),
        ("aws_s3_object", {}, True),
        ("aws_dynamodb_table_item", {}, True),
        ("aws_cloudformation_stack", {}, True),
        ("aws_lightsail_instance", {}, True),
        ("aws_prometheus_workspace", {}, True),
        ("aws_backup_plan", {}, True),
        ("aws_dlm_lifecycle_policy", {}, True),
        ("aws_efs_backup_policy", {"backup_policy": [{"status": "ENABLED"}]}, True),
        ("aws_s3_bucket_lifecycle_configuration", {"rule": [{"expiration": [{"days": 1}]}]}, False),
        ("aws_vpc", {"cidr_block": "10.0.0.0/16"}, False),
        ("aws_lb", {"enable_deletion_protection": True}, False),
        ("aws_newdb_cluster", {"deletion_protection": None}, True),
        ("aws_newdb_cluster", {"skip_final_snapshot": True}, True),
        ("aws_newdb_cluster", {"allocated_storage": 20}, True),
        ("aws_newqueue", {"message_retention_seconds": 60}, True),
        ("aws_newvault", {"recovery_window_in_days": 30}, True),
        ("aws_s3_bucket_versioning", {"versioning_configuration": [{"status": "Enabled"}]}, True),
        ("aws_rds_cluster_instance", {"storage_encrypted": True, "force_destroy": False}, False),
        ("aws_iam_user", {"force_destroy": False}, False),
    ],
)
def test_losing_what_holds_data_is_stateful(
    actions: list[str], kind: str, before: dict[str, Any], *, stateful: bool
) -> None:
    found = change(actions, kind, before, {})
    assert found.stateful is stateful
    assert bool(found.because) is stateful


@pytest.mark.parametrize("kind", ["random_password", "random_string", "tls_private_key"])
def test_a_secret_that_terraform_made_is_data(kind: str) -> None:
    provider = f"registry.terraform.io/hashicorp/{kind.partition('_')[0]}"
    assert change(["delete"], kind, {}, provider=provider).stateful


@pytest.mark.parametrize("kind", ["aws_s3_bucket", "aws_db_instance", "unknown_type"])
def test_a_create_takes_nothing_away(kind: str) -> None:
    assert not change(["create"], kind, None, {"backup_retention_period": 0, "deletion_protection": False}).stateful


def created(bucket: Any, *more: dict[str, Any], rule: dict[str, Any]) -> Change:
    """A new lifecycle configuration of a bucket, in a plan with more resources."""
    made = {"actions": ["create"], "before": None, "after": {"rule": [rule], **bucket}}
    resource = {"address": "a.lifecycle", "type": LIFECYCLE, "mode": "managed", "provider_name": AWS, "change": made}
    changes = plan_from({"resource_changes": [resource, *more]}).changes
    return next(each for each in changes if each.address == "a.lifecycle")


def test_a_new_lifecycle_that_expires_what_is_there_is_stateful() -> None:
    expiring, moving = expires(30), {"id": "a", "status": "Enabled", "transition": [{"days": 30}], "expiration": []}
    known = {"bucket": "orders"}
    assert created(known, rule=expiring).stateful
    assert created(known, rule={**moving, "noncurrent_version_expiration": [{"noncurrent_days": 3}]}).stateful
    assert not created(known, rule=moving).stateful
    assert not created(known, rule=expires(30, status="Disabled")).stateful


def test_a_new_lifecycle_of_a_new_bucket_is_not() -> None:
    bucket = {"address": "aws_s3_bucket.this", "type": "aws_s3_bucket", "mode": "managed", "provider_name": AWS}
    new = {"actions": ["create"], "before": None, "after": {"bucket": "orders"}}
    assert not created({}, rule=expires(30)).stateful  # the bucket's name is not known before the apply
    assert not created({"bucket": "orders"}, {**bucket, "change": new}, rule=expires(30)).stateful
    assert created({"bucket": "others"}, {**bucket, "change": new}, rule=expires(30)).stateful


GROUP, DATABASE, TABLE = "aws_cloudwatch_log_group", "aws_db_instance", "aws_dynamodb_table"
LIFECYCLE, LOCK = "aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_object_lock_configuration"
PLAN, DLM, LAKE = "aws_backup_plan", "aws_dlm_lifecycle_policy", "aws_cloudtrail_event_data_store"


def expires(days: int, **more: Any) -> dict[str, Any]:
    """A lifecycle rule."""
    return {"id": "all", "status": "Enabled", "expiration": [{"days": days, "date": None}], **more}


def default_retention(**retention: Any) -> dict[str, Any]:
    """The rule of an object lock."""
    return {"rule": [{"default_retention": [retention]}]}


def plan_rule(days: int) -> dict[str, Any]:
    """The rule of a backup plan."""
    return {"rule": [{"rule_name": "nightly", "lifecycle": [{"delete_after": days, "cold_storage_after": 0}]}]}


def retain(count: int) -> dict[str, Any]:
    """The policy of a snapshot lifecycle."""
    return {"policy_details": [{"schedule": [{"name": "daily", "retain_rule": [{"count": count}]}]}]}


UPDATES = [
    (GROUP, {"retention_in_days": 30}, {"retention_in_days": 7}, True),
    (GROUP, {"retention_in_days": 7}, {"retention_in_days": 30}, False),
    (GROUP, {"retention_in_days": 0}, {"retention_in_days": 3653}, True),  # 0 is for ever
    (GROUP, {"retention_in_days": 30}, {"retention_in_days": 0}, False),
    (GROUP, {"retention_in_days": 30}, {"retention_in_days": 30, "tags": {}}, False),
    (DATABASE, {"backup_retention_period": 7}, {"backup_retention_period": 0}, True),
    (DATABASE, {"backup_retention_period": 0}, {"backup_retention_period": 7}, False),
    (DATABASE, {"backup_retention_period": 7}, {}, True),  # not known before the apply
    ("aws_redshift_cluster", {"manual_snapshot_retention_period": -1}, {"manual_snapshot_retention_period": 9}, True),
    ("aws_sqs_queue", {"message_retention_seconds": 600}, {"message_retention_seconds": 60}, True),
    ("aws_kms_key", {"deletion_window_in_days": 30}, {"deletion_window_in_days": 7}, True),
    (DATABASE, {"deletion_protection": True}, {"deletion_protection": False}, True),
    (DATABASE, {"deletion_protection": False}, {"deletion_protection": True}, False),
    ("aws_cognito_user_pool", {"deletion_protection": "ACTIVE"}, {"deletion_protection": "INACTIVE"}, True),
    (DATABASE, {"skip_final_snapshot": False}, {"skip_final_snapshot": True}, True),
    (DATABASE, {"skip_final_snapshot": None}, {"skip_final_snapshot": True}, True),
    (DATABASE, {"skip_final_snapshot": True}, {"skip_final_snapshot": False}, False),
    (DATABASE, {"instance_class": "a"}, {"instance_class": "b"}, False),
    (TABLE, {"point_in_time_recovery": [{"enabled": True}]}, {"point_in_time_recovery": [{"enabled": False}]}, True),
    (TABLE, {"point_in_time_recovery": [{"enabled": True}]}, {"point_in_time_recovery": []}, True),
    (TABLE, {"point_in_time_recovery": [{"enabled": False}]}, {"point_in_time_recovery": [{"enabled": True}]}, False),
    (TABLE, {"stream": [{"enabled": True}]}, {"stream": [{"enabled": False}]}, False),
    (
        "aws_s3_bucket_versioning",
        {"versioning_configuration": [{"status": "Enabled"}]},
        {"versioning_configuration": [{"status": "Suspended"}]},
        True,
    ),
    (LIFECYCLE, {"rule": [expires(3650)]}, {"rule": [expires(1)]}, True),
    (LIFECYCLE, {"rule": [expires(1)]}, {"rule": [expires(3650)]}, False),
    (LIFECYCLE, {"rule": [expires(9)]}, {"rule": [expires(1, id="new"), expires(9)]}, True),
    (LIFECYCLE, {"rule": [expires(9), expires(1, id="old")]}, {"rule": [expires(1, id="old")]}, False),
    (LIFECYCLE, {"rule": [expires(0)]}, {"rule": [expires(30)]}, True),  # 0 is never
    (LIFECYCLE, {"rule": [expires(30)]}, {"rule": [expires(0)]}, False),
    (LIFECYCLE, {"rule": [expires(9, status="Disabled")]}, {"rule": [expires(9)]}, True),
    (LIFECYCLE, {"rule": [expires(9)]}, {"rule": [expires(9, status="Disabled")]}, False),
    (
        LIFECYCLE,
        {"rule": [expires(9, filter=[{"prefix": "a"}])]},
        {"rule": [expires(9, filter=[{"prefix": ""}])]},
        True,
    ),
    ("aws_s3_bucket", {"lifecycle_rule": [expires(9)]}, {"lifecycle_rule": [expires(1)]}, True),
    (LOCK, default_retention(mode="COMPLIANCE"), default_retention(mode="GOVERNANCE"), True),
    (LOCK, default_retention(mode="GOVERNANCE"), default_retention(mode="COMPLIANCE"), False),
    (LOCK, default_retention(days=9), default_retention(days=1), True),
    (LOCK, default_retention(days=9), default_retention(days=10), False),
    ("aws_s3_object", {"object_lock_mode": "COMPLIANCE"}, {"object_lock_mode": "GOVERNANCE"}, True),
    (PLAN, plan_rule(120), plan_rule(30), True),
    (PLAN, plan_rule(30), plan_rule(120), False),
    (PLAN, plan_rule(30), plan_rule(0), False),  # 0 is never
    (PLAN, plan_rule(30), {"rule": []}, True),
    (DLM, retain(14), retain(2), True),
    (DLM, retain(2), retain(14), False),
    (DLM, {"state": "ENABLED"}, {"state": "DISABLED"}, True),
    (
        "aws_efs_backup_policy",
        {"backup_policy": [{"status": "ENABLED"}]},
        {"backup_policy": [{"status": "DISABLED"}]},
        True,
    ),
    (TABLE, {"ttl": [{"enabled": False}]}, {"ttl": [{"enabled": True}]}, True),
    (TABLE, {"ttl": []}, {"ttl": [{"enabled": True}]}, True),
    (TABLE, {"ttl": [{"enabled": True}]}, {"ttl": [{"enabled": False}]}, False),
    (LAKE, {"termination_protection_enabled": True}, {"termination_protection_enabled": False}, True),
    ("aws_lb", {"enable_deletion_protection": True}, {"enable_deletion_protection": False}, False),
    ("aws_launch_template", {"disable_api_termination": True}, {"disable_api_termination": False}, False),
    ("aws_instance", {"disable_api_termination": True}, {"disable_api_termination": False}, True),
]


@pytest.mark.parametrize(("kind", "before", "after", "stateful"), UPDATES)
def test_an_update_that_keeps_less_long_or_less_safe_is_stateful(
    kind: str, before: dict[str, Any], after: dict[str, Any], *, stateful: bool
) -> None:
    found = change(["update"], kind, before, after)
    assert found.stateful is stateful
    if stateful:
        (attribute,) = before
        assert attribute in found.because


def test_what_is_lost_is_told_by_names_and_no_value() -> None:
    before = {"backup_retention_period": 4711, "name": "hunter-4711"}
    found = change(["update"], DATABASE, before, {**before, "backup_retention_period": 4})
    (reason,) = keeps_data(Plan((found,), 1))
    assert "backup_retention_period" in reason
    assert "4711" not in reason
    assert "aws_db_instance.this" in reason


@pytest.mark.parametrize(("kind", "stateful"), [("aws_kms_key", True), ("aws_vpc", False)])
def test_to_make_again_what_vanished_with_its_data_is_stateful(kind: str, *, stateful: bool) -> None:
    (found,) = lost(kind, "create")
    assert (found.action, found.stateful) == (Action.CREATE, stateful)
    reasons = keeps_data(Plan((found,)))
    assert bool(reasons) is stateful
    assert all(f"terraform state rm '{kind}.this'" in reason for reason in reasons)


def test_what_vanished_and_is_in_no_code_any_more_is_lost_all_the_same() -> None:
    (found,) = lost("aws_kms_key")
    assert (found.action, found.address, found.stateful) == (Action.DELETE, "aws_kms_key.this", True)
    assert not any(each.stateful for each in lost("aws_vpc"))


def test_an_action_that_is_not_known_is_stateful() -> None:
    assert change(["something-new"], "aws_vpc", {}, {}).stateful
