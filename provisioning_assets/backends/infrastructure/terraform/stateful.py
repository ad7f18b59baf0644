"""Which types of resources hold data that a delete or a replacement would lose."""

_STATEFUL = (
    "aws_backup_vault", "aws_cloudwatch_log_group", "aws_cognito_user_pool", "aws_db_instance", "aws_docdb_cluster",
    "aws_dynamodb_table", "aws_ebs_volume", "aws_ecr_repository", "aws_efs_file_system", "aws_elasticache_cluster",
    "aws_elasticache_replication_group", "aws_elasticache_serverless_cache", "aws_keyspaces_table",
    "aws_kinesis_stream", "aws_kms_key", "aws_memorydb_cluster", "aws_msk_cluster", "aws_neptune_cluster",
    "aws_opensearch_domain", "aws_rds_cluster", "aws_redshift_cluster", "aws_route53_zone", "aws_s3_bucket",
    "aws_secretsmanager_secret", "aws_sqs_queue", "aws_timestreamwrite_table",
)  # fmt: skip

_FAMILIES = ("aws_fsx_",)


def holds_data(resource_type: str) -> bool:
    """Whether a resource of this type holds data."""
    return resource_type in _STATEFUL or resource_type.startswith(_FAMILIES)
