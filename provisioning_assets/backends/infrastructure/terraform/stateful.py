"""Which changes would lose data, now or later. In doubt, one would: losing data by mistake cannot be mended.

What a resource holds is told by its type, by its own attributes and by its provider; what a change does to it,
by its action and by the attributes that it weakens. Attributes are those of hashicorp/aws 5 and 6.
"""

from collections.abc import Iterator, Mapping
from math import inf

from provisioning_assets.core.plan import Action, Json

_KNOWN_PROVIDERS = {
    "terraform.io/builtin/terraform",
    *(
        f"{registry}/hashicorp/{name}"
        for registry in ("registry.terraform.io", "registry.opentofu.org")
        for name in ("archive", "aws", "cloudinit", "external", "http", "local", "null", "random", "time", "tls")
    ),
}
"""Of any other one, each resource counts as holding data: which do, we do not know."""

_STATEFUL = (
    "aws_acmpca_certificate_authority", "aws_ami_copy", "aws_ami_from_instance", "aws_backup_vault",
    "aws_cloudhsm_v2_cluster", "aws_cloudsearch_domain", "aws_cloudwatch_log_group", "aws_codecommit_repository",
    "aws_cognito_user_pool", "aws_db_instance", "aws_directory_service_directory", "aws_docdb_cluster",
    "aws_docdb_cluster_snapshot", "aws_docdbelastic_cluster", "aws_dynamodb_global_table", "aws_dynamodb_table",
    "aws_ebs_snapshot", "aws_ebs_snapshot_copy", "aws_ebs_snapshot_import", "aws_ebs_volume", "aws_ecr_repository",
    "aws_efs_file_system", "aws_elasticache_cluster", "aws_elasticache_replication_group",
    "aws_elasticache_serverless_cache", "aws_elasticsearch_domain", "aws_glacier_vault", "aws_instance",
    "aws_kendra_index", "aws_keyspaces_keyspace", "aws_keyspaces_table", "aws_kinesis_stream", "aws_kms_key",
    "aws_lightsail_bucket", "aws_lightsail_disk", "aws_memorydb_cluster", "aws_mq_broker", "aws_msk_cluster",
    "aws_neptune_cluster", "aws_opensearch_domain", "aws_opensearchserverless_collection", "aws_rds_cluster",
    "aws_rds_global_cluster", "aws_redshift_cluster", "aws_redshiftserverless_namespace", "aws_route53_zone",
    "aws_s3_bucket", "aws_s3_directory_bucket", "aws_s3tables_table", "aws_s3tables_table_bucket",
    "aws_secretsmanager_secret", "aws_secretsmanager_secret_version", "aws_sqs_queue", "aws_ssm_parameter",
    "aws_timestreamwrite_database", "aws_timestreamwrite_table", "aws_workspaces_workspace",
    "random_bytes", "random_password", "tls_private_key",
)  # fmt: skip
"""Types that hold data; most of them have no attribute that says so."""

_FAMILIES = ("aws_fsx_",)

_STATELESS = (
    "aws_cloudwatch_event_rule", "aws_cloudwatch_event_target", "aws_default_subnet", "aws_default_vpc",
    "aws_dms_replication_instance", "aws_docdb_cluster_instance", "aws_dx_lag", "aws_iam_user",
    "aws_neptune_cluster_instance", "aws_rds_cluster_instance", "aws_redshift_snapshot_schedule",
    "aws_service_discovery_service",
)  # fmt: skip
"""Types with one of the attributes below that hold none: what is in a cluster's instance lies in the cluster."""

_RETENTIONS = {
    "automated_snapshot_retention_period", "automatic_backup_retention_days", "backup_retention_period",
    "data_retention_in_hours", "deletion_window_in_days", "magnetic_store_retention_period_in_days",
    "manual_snapshot_retention_period", "message_retention_seconds", "min_retention_days",
    "recovery_period_in_days", "recovery_window_in_days", "retention_days", "retention_in_days", "retention_period",
    "retention_period_in_days", "snapshot_retention_limit",
}  # fmt: skip
"""Numbers that say for how long something is kept. A load balancer's `idle_timeout` and the like are none."""

_PROTECTIONS = {
    "backup_retention_enabled", "deletion_protection", "deletion_protection_enabled", "disable_api_termination",
    "object_lock_enabled", "point_in_time_recovery", "versioning", "versioning_configuration",
}  # fmt: skip
"""What protects data while it is on, with all that lies in it. A load balancer has `enable_deletion_protection`."""

_DANGERS = {"delete_automated_backups", "force_destroy", "skip_final_backup", "skip_final_snapshot"}
"""What protects data while it is off."""

_TELLING = (
    (_RETENTIONS | _PROTECTIONS | _DANGERS) - {"disable_api_termination", "versioning"}
) | {
    "allocated_storage", "final_snapshot", "final_snapshot_identifier", "final_snapshot_name", "recovery_points",
    "retention_properties", "snapshot_arn", "snapshot_arns", "snapshot_identifier", "storage_capacity",
    "storage_encrypted",
}  # fmt: skip
"""Attributes that only what holds data has, whatever their value; a launch template can `disable_api_termination`."""


def because(resource: Mapping[str, Json], action: Action) -> str:
    """What tells that a change of `terraform show -json` would lose data, without values; empty when nothing does."""
    change = resource["change"]
    before, after = change.get("before") or {}, change.get("after") or {}
    holds = _holds_data(resource["type"], resource.get("provider_name", ""), before)
    if action is Action.CREATE or not holds:
        return ""
    if action is Action.UPDATE:
        weaker = sorted(set(_weaker(before, after)))
        return f"less is kept, or less safely: {', '.join(weaker)}" if weaker else ""
    return holds


def _holds_data(kind: str, provider: str, attributes: Mapping[str, Json]) -> str:
    if provider not in _KNOWN_PROVIDERS:
        return f"what {kind} holds is not known"
    if kind in _STATEFUL or kind.startswith(_FAMILIES):
        return f"{kind} holds data"
    telling = sorted(_TELLING & attributes.keys())
    return f"{kind} holds data: it has {telling[0]}" if telling and kind not in _STATELESS else ""


def _weaker(before: Json, after: Json, within: tuple[str, ...] = ()) -> Iterator[str]:
    """Names of what is kept less long afterwards, or protected less. What is not known before the apply is."""
    if isinstance(before, Mapping):
        for name, value in before.items():
            yield from _weaker(value, after.get(name) if isinstance(after, Mapping) else None, (*within, name))
    elif isinstance(before, list):
        for position, value in enumerate(before):
            known = isinstance(after, list) and position < len(after)
            yield from _weaker(value, after[position] if known else None, within)
    elif (
        (_RETENTIONS & {*within[-1:]} and _span(within[-1], before) > _span(within[-1], after))
        or (_PROTECTIONS & {*within} and _on(before) and not _on(after))
        or (_DANGERS & {*within[-1:]} and not _on(before) and _on(after))
    ):
        yield ".".join(within)


def _span(name: str, value: Json) -> float:
    """How long that is, in the attribute's own unit: below 0 is for ever, and so is a log group's 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return inf if value < 0 or (value == 0 and name == "retention_in_days") else value


def _on(value: Json) -> bool:
    return value is True or str(value).upper() in {"ACTIVE", "ENABLED", "TRUE"}
