"""Rules on a plan: each returns its reasons against it, and none when it has none."""

from collections.abc import Sequence
from datetime import datetime

from provisioning_assets.core.plan import Action, ChangeClass, Plan

HOLDS_DATA = (
    "aws_backup_vault.", "aws_cloudwatch_log_group.", "aws_cognito_user_pool.", "aws_db_instance.",
    "aws_docdb_cluster.", "aws_dynamodb_table.", "aws_ebs_volume.", "aws_ecr_repository.", "aws_efs_file_system.",
    "aws_elasticache_cluster.", "aws_elasticache_replication_group.", "aws_elasticache_serverless_cache.",
    "aws_fsx_", "aws_keyspaces_table.", "aws_kinesis_stream.", "aws_kms_key.", "aws_memorydb_cluster.",
    "aws_msk_cluster.", "aws_neptune_cluster.", "aws_opensearch_domain.", "aws_rds_cluster.",
    "aws_redshift_cluster.", "aws_route53_zone.", "aws_s3_bucket.", "aws_secretsmanager_secret.", "aws_sqs_queue.",
    "aws_timestreamwrite_table.", "mount ",
)  # fmt: skip
"""Beginnings of addresses behind which data would be lost, at the start or after a module's dot."""

MOST_DELETES = 1 / 3
"""Share of a plan's addresses that may be deleted at once."""

ALWAYS_ALLOWED_DELETES = 2


def keeps_data(plan: Plan) -> Sequence[str]:
    """Refuse to delete or replace what holds data."""
    lost = (change for change in plan.changes if change.action in {Action.DELETE, Action.REPLACE})
    return [
        f"{change} would lose data: move the data and remove the protection in code, on purpose"
        for change in lost
        if any(change.address.startswith(kind) or f".{kind}" in change.address for kind in HOLDS_DATA)
    ]


def deletes_little(plan: Plan) -> Sequence[str]:
    """Refuse a plan that is mostly deletes: it is more often a wrong input than a wish."""
    deletes = plan.count(Action.DELETE)
    if deletes <= ALWAYS_ALLOWED_DELETES or deletes <= len(plan.changes) * MOST_DELETES:
        return []
    return [f"{deletes} of {len(plan.changes)} changes are deletes; allowed is a third: delete in smaller steps"]


def respects_freeze(plan: Plan, *, freeze: datetime, now: datetime) -> Sequence[str]:
    """After the freeze, production takes fixes: updates, and operational changes."""
    if now < freeze:
        return []
    return [
        f"{change}: frozen since {freeze.isoformat()}; only fixes (updates) and operational changes are let through"
        for change in plan.changes
        if change.action is not Action.UPDATE and change.change_class is ChangeClass.CONTENT
    ]
