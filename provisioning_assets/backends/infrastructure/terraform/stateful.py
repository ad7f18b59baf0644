"""Types of resources whose data a delete or a replacement would lose."""

_STATEFUL = (
    "aws_backup_vault", "aws_cloudwatch_log_group", "aws_cognito_user_pool", "aws_db_instance", "aws_docdb_cluster",
    "aws_dynamodb_table", "aws_ebs_volume", "aws_ecr_repository", "aws_efs_file_system", "aws_elasticache_cluster",
    "aws_elasticache_replication_group", "aws_elasticache_serverless_cache", "aws_keyspaces_table",
    "aws_kinesis_stream", "aws_kms_key", "aws_memorydb_cluster", "aws_msk_cluster", "aws_neptune_cluster",
    "aws_opensearch_domain", "aws_rds_cluster", "aws_redshift_cluster", "aws_route53_zone", "aws_s3_bucket",
    "aws_secretsmanager_secret", "aws_secretsmanager_secret_version", "aws_sqs_queue", "aws_timestreamwrite_table",
    "aws_acmpca_certificate_authority", "aws_docdbelastic_cluster", "aws_elasticsearch_domain", "aws_instance",
    "aws_mq_broker", "aws_opensearchserverless_collection", "aws_rds_global_cluster",
    "aws_redshiftserverless_namespace", "aws_s3_directory_bucket", "aws_ssm_parameter", "postgresql_database",
    "random_password", "tls_private_key",
)  # fmt: skip

_FAMILIES = ("aws_fsx_",)


def holds_data(resource_type: str) -> bool:
    """Whether a resource of this type holds data."""
    return resource_type in _STATEFUL or resource_type.startswith(_FAMILIES)
