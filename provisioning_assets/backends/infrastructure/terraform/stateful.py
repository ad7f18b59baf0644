"""Which changes would lose data, now or later. In doubt, one would: losing data by mistake cannot be mended.

What a resource holds is told by its type, by its own attributes and by its provider; what a change does to it,
by its action and by the attributes that it weakens. Attributes are those of hashicorp/aws 5 and 6; those of a provider
that is not known are judged by what their names suggest.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from provisioning_assets.backends.infrastructure.protections import TELLING, UNKNOWN, Path, span, weakened
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
    "aws_acmpca_certificate_authority", "aws_ami_copy", "aws_ami_from_instance", "aws_backup_plan", "aws_backup_vault",
    "aws_cloudformation_stack", "aws_cloudhsm_v2_cluster", "aws_cloudsearch_domain", "aws_cloudwatch_log_group",
    "aws_codecommit_repository", "aws_cognito_user_pool", "aws_db_instance", "aws_directory_service_directory",
    "aws_dlm_lifecycle_policy", "aws_docdb_cluster", "aws_docdb_cluster_snapshot", "aws_docdbelastic_cluster",
    "aws_dynamodb_global_table", "aws_dynamodb_table", "aws_dynamodb_table_item", "aws_ebs_snapshot",
    "aws_ebs_snapshot_copy", "aws_ebs_snapshot_import", "aws_ebs_volume", "aws_ecr_repository", "aws_efs_file_system",
    "aws_elasticache_cluster", "aws_elasticache_replication_group", "aws_elasticache_serverless_cache",
    "aws_elasticsearch_domain", "aws_glacier_vault", "aws_instance", "aws_kendra_index", "aws_keyspaces_keyspace",
    "aws_keyspaces_table", "aws_kinesis_stream", "aws_kms_key", "aws_lightsail_bucket", "aws_lightsail_disk",
    "aws_lightsail_instance", "aws_memorydb_cluster", "aws_mq_broker", "aws_msk_cluster", "aws_neptune_cluster",
    "aws_opensearch_domain", "aws_opensearchserverless_collection", "aws_prometheus_workspace", "aws_rds_cluster",
    "aws_rds_global_cluster", "aws_redshift_cluster", "aws_redshiftserverless_namespace", "aws_route53_zone",
    "aws_s3_bucket", "aws_s3_bucket_object_lock_configuration", "aws_s3_directory_bucket", "aws_s3_object",
    "aws_s3tables_table", "aws_s3tables_table_bucket", "aws_secretsmanager_secret", "aws_secretsmanager_secret_version",
    "aws_sqs_queue", "aws_ssm_parameter", "aws_timestreamwrite_database", "aws_timestreamwrite_table",
    "aws_workspaces_workspace", "random_bytes", "random_password", "random_string", "tls_private_key",
)  # fmt: skip
"""Types that hold data, or save it; most of them have no attribute that says so."""

_FAMILIES = ("aws_fsx_",)

_STATELESS = (
    "aws_cloudwatch_event_rule", "aws_cloudwatch_event_target", "aws_default_subnet", "aws_default_vpc",
    "aws_dms_replication_instance", "aws_docdb_cluster_instance", "aws_dx_lag", "aws_iam_user",
    "aws_neptune_cluster_instance", "aws_rds_cluster_instance", "aws_redshift_snapshot_schedule",
    "aws_service_discovery_service",
)  # fmt: skip
"""Types with one of the attributes below that hold none: what is in a cluster's instance lies in the cluster."""

_EXPIRING = {"aws_s3_bucket_lifecycle_configuration": "bucket"}
"""Types that hold no data and delete what another one holds, and the attribute that names that one."""

_SUGGESTING = (
    "archiv", "backup", "delet", "destroy", "encrypt", "expir", "immutab", "lifecycle", "lock", "prevent", "protect",
    "purge", "recover", "retain", "retention", "snapshot", "undelet", "versioning",
)  # fmt: skip
"""Beginnings of words in names of attributes that may say what is kept, by whichever provider."""

_SUGGESTING_WORDS = {"age", "day", "days", "hours", "mode", "months", "pitr", "ttl", "weeks", "worm", "years"}
_SAVING = ("backup", "encrypt", "immutab", "protect", "recover", "versioning")
_AGAINST = {"bypass", "delete", "destroy", "disable", "disabled", "force", "no", "purge", "skip", "without"}
"""What is saving is safe to turn on, unless one of these words turns it around."""


def because(resource: Mapping[str, Json], action: Action, new_buckets: AbstractSet[str] = frozenset()) -> str:
    """What tells that a change of `terraform show -json` would lose data, without values; empty when nothing does.

    Nothing is lost in the buckets that the same plan makes.
    """
    change, kind, provider = resource["change"], resource["type"], resource.get("provider_name", "")
    before, after = change.get("before") or {}, change.get("after") or {}
    holds, container = _holds_data(kind, provider, before), _EXPIRING.get(kind)
    makes = action in {Action.CREATE, Action.REPLACE}
    if makes and container and after.get(container) not in {None, *new_buckets}:
        before = {}  # none of its rules was there
    elif action is not Action.UPDATE:
        return "" if action is Action.CREATE else holds
    elif not holds and not container:
        return ""
    judge = None if provider in _KNOWN_PROVIDERS else _suggests_less
    # What a plan leaves out of the new side is known only after the apply.
    weaker = weakened(kind, before, after, absent=UNKNOWN, judge=judge)
    return f"less is kept, or less safely: {', '.join(weaker)}" if weaker else ""


def _holds_data(kind: str, provider: str, attributes: Mapping[str, Json]) -> str:
    if provider not in _KNOWN_PROVIDERS:
        return f"what {kind} holds is not known"
    if kind in _STATEFUL or kind.startswith(_FAMILIES):
        return f"{kind} holds data"
    telling = sorted(TELLING & attributes.keys())
    return f"{kind} holds data: it has {telling[0]}" if telling and kind not in _STATELESS else ""


def _suggests_less(path: Path, before: Json, after: Json) -> bool:
    """Whether less may be kept afterwards, by the names of an unknown provider; a number that grows keeps more."""
    words = {word for name in path[1:] for word in _words(name)}
    if not (words & _SUGGESTING_WORDS or any(word.startswith(_SUGGESTING) for word in words)):
        return False
    old, new = span(before), span(after)
    if old is not None and new is not None:
        return old != new and (old <= 0 or new < old)  # 0 and below may be for ever
    if after is True and not before:
        return bool(words & _AGAINST) or not any(word.startswith(_SAVING) for word in words)
    return bool(before != after)


def _words(name: str) -> list[str]:
    return re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
