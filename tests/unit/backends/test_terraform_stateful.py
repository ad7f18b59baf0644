"""Which changes of a Terraform plan would lose data: told by the type, its attributes, its provider, and the change."""

from typing import Any

import pytest

from provisioning_assets.backends.infrastructure.terraform.plan_json import plan_from
from provisioning_assets.core.plan import Action, Change, Plan
from provisioning_assets.core.safety import keeps_data

AWS = "registry.terraform.io/hashicorp/aws"
LOSING = (["delete"], ["delete", "create"], ["create", "delete"], ["forget"], ["create", "forget"])


def change(
    actions: list[str], kind: str, before: Any = None, after: Any = None, *, provider: str = AWS, **more: Any
) -> Change:
    """The one change of a plan."""
    resource = {"address": f"{kind}.this", "type": kind, "mode": "managed", "provider_name": provider}
    shown = {"actions": actions, "before": before, "after": after, "after_unknown": {}, **more}
    (found,) = plan_from({"resource_changes": [{**resource, "change": shown}]}).changes
    return found


@pytest.mark.parametrize("actions", LOSING)
@pytest.mark.parametrize(
    ("kind", "before", "stateful"),
    [
        ("aws_s3_bucket", {}, True),
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


@pytest.mark.parametrize(
    ("provider", "stateful"),
    [
        (AWS, False),
        ("registry.opentofu.org/hashicorp/aws", False),
        ("terraform.io/builtin/terraform", False),
        ("registry.terraform.io/hashicorp/null", False),
        ("registry.terraform.io/hashicorp/azurerm", True),
        ("registry.terraform.io/acme/aws", True),
        ("mirror.example/hashicorp/aws", True),
        ("", True),
    ],
)
def test_what_an_unknown_provider_takes_away_is_stateful(provider: str, *, stateful: bool) -> None:
    assert change(["delete"], "some_thing", {"name": "a"}, provider=provider).stateful is stateful
    assert not change(["create"], "some_thing", None, {"name": "a"}, provider=provider).stateful
    assert not change(["update"], "some_thing", {"name": "a"}, {"name": "b"}, provider=provider).stateful


@pytest.mark.parametrize("kind", ["random_password", "tls_private_key"])
def test_a_secret_that_terraform_made_is_data(kind: str) -> None:
    provider = f"registry.terraform.io/hashicorp/{kind.partition('_')[0]}"
    assert change(["delete"], kind, {}, provider=provider).stateful


@pytest.mark.parametrize("kind", ["aws_s3_bucket", "aws_db_instance", "unknown_type"])
def test_a_create_takes_nothing_away(kind: str) -> None:
    assert not change(["create"], kind, None, {"backup_retention_period": 0, "deletion_protection": False}).stateful


GROUP, DATABASE, TABLE = "aws_cloudwatch_log_group", "aws_db_instance", "aws_dynamodb_table"
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


def lost(kind: str, *planned: str, provider: str = AWS) -> tuple[Change, ...]:
    """Changes of a plan whose refresh did not find a resource that the state has."""
    resource = {"address": f"{kind}.this", "type": kind, "mode": "managed", "provider_name": provider}
    gone = {**resource, "change": {"actions": ["delete"], "before": {}, "after": None}}
    made = [{**resource, "change": {"actions": [each], "before": None, "after": {}}} for each in planned]
    return plan_from({"resource_drift": [gone], "resource_changes": made, "output_changes": {}}).changes


@pytest.mark.parametrize(("kind", "stateful"), [("aws_kms_key", True), ("aws_vpc", False)])
def test_to_make_again_what_vanished_with_its_data_is_stateful(kind: str, *, stateful: bool) -> None:
    (found,) = lost(kind, "create")
    assert (found.action, found.stateful) == (Action.CREATE, stateful)
    reasons = keeps_data(Plan((found,)))
    assert bool(reasons) is stateful
    assert all(f"terraform state rm '{kind}.this'" in reason for reason in reasons)


def test_what_an_unknown_provider_does_not_find_is_stateful() -> None:
    (found,) = lost("some_thing", "create", provider="registry.terraform.io/acme/some")
    assert found.stateful


def test_what_vanished_and_is_in_no_code_any_more_is_lost_all_the_same() -> None:
    (found,) = lost("aws_kms_key")
    assert (found.action, found.address, found.stateful) == (Action.DELETE, "aws_kms_key.this", True)
    assert not any(each.stateful for each in lost("aws_vpc"))


def test_an_action_that_is_not_known_is_stateful() -> None:
    assert change(["something-new"], "aws_vpc", {}, {}).stateful
