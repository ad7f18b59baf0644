"""Which changes would lose data, now or later. In doubt, one would: losing data by mistake cannot be mended.

What a resource holds is told by its type, by its own attributes and by its provider; what a change does to it,
by its action and by the attributes that it weakens. Attributes are those of hashicorp/aws 5 and 6; those of a provider
that is not known are judged by what their names suggest.
"""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import zip_longest
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

_RETENTIONS = {
    "automated_snapshot_retention_period", "automatic_backup_retention_days", "backup_retention_period",
    "data_retention_in_hours", "default_retention.days", "default_retention.years", "deletion_window_in_days",
    "magnetic_store_retention_period_in_days", "manual_snapshot_retention_period", "message_retention_seconds",
    "min_retention_days", "newer_noncurrent_versions", "recovery_period_in_days", "recovery_window_in_days",
    "retention_days", "retention_in_days", "retention_period", "retention_period_in_days", "retain_rule.count",
    "retain_rule.interval", "snapshot_retention_limit",
}  # fmt: skip
"""Numbers that say for how long or how often something is kept. A load balancer's `idle_timeout` is none."""

_EXPIRIES = {
    "delete_after", "expiration.date", "expiration.days", "noncurrent_days", "noncurrent_version_expiration.days",
}  # fmt: skip
"""Numbers that say after how long something is deleted: 0 and none are never."""

_SCOPES = {"expiration.date", "filter", "rule.prefix"}
"""What says which data expires, and when. Which of two is wider, we cannot tell."""

_PROTECTIONS = {
    "aws_dlm_lifecycle_policy.state", "backup_policy", "backup_retention_enabled", "default_retention",
    "deletion_protection", "deletion_protection_enabled", "disable_api_termination", "object_lock_enabled",
    "object_lock_mode", "point_in_time_recovery", "termination_protection_enabled", "versioning",
    "versioning_configuration",
}  # fmt: skip
"""What protects data while it is on, with all that lies in it. A load balancer has `enable_deletion_protection`."""

_SAVERS = {"rule.rule_name"}
"""What saves data while it is there: a rule of a backup plan."""

_DANGERS = {"delete_automated_backups", "force_destroy", "skip_final_backup", "skip_final_snapshot", "ttl.enabled"}
"""What protects data while it is off."""

_EXPIRING = {"aws_s3_bucket_lifecycle_configuration": "bucket"}
"""Types that hold no data and delete what another one holds, and the attribute that names that one."""

_STRENGTHS = {"COMPLIANCE": 2, "ACTIVE": 1, "ENABLED": 1, "GOVERNANCE": 1, "TRUE": 1}

_TELLING = (
    (_RETENTIONS | _PROTECTIONS | _DANGERS) - {"disable_api_termination", "versioning"}
) | {
    "allocated_storage", "final_snapshot", "final_snapshot_identifier", "final_snapshot_name", "recovery_points",
    "retention_properties", "snapshot_arn", "snapshot_arns", "snapshot_identifier", "storage_capacity",
    "storage_encrypted",
}  # fmt: skip
"""Attributes that only what holds data has, whatever their value; a launch template can `disable_api_termination`."""


_SUGGESTING = (
    "archiv", "backup", "delet", "destroy", "encrypt", "expir", "immutab", "lifecycle", "lock", "prevent", "protect",
    "purge", "recover", "retain", "retention", "snapshot", "undelet", "versioning",
)  # fmt: skip
"""Beginnings of words in names of attributes that may say what is kept, by whichever provider."""

_SUGGESTING_WORDS = {"age", "day", "days", "hours", "mode", "months", "pitr", "ttl", "weeks", "worm", "years"}
_SAVING = ("backup", "encrypt", "immutab", "protect", "recover", "versioning")
_AGAINST = {"bypass", "delete", "destroy", "disable", "disabled", "force", "no", "purge", "skip", "without"}
"""What is saving is safe to turn on, unless one of these words turns it around."""

_NAMES = ("id", "rule_name", "name")
"""Attributes by which a block is known again in a list."""

_UNKNOWN = object()
"""A value that is known only after the apply."""

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhdwy]))+")
_ISO_DURATION = re.compile(r"p(?=.)(?:\d+[ymwd])*(?:t(?:\d+[hms])+)?")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000, "month": 2592000}

Path = tuple[str, ...]
"""The type of a resource, and the names that lead to a value in it."""


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
    judge = _weaker if provider in _KNOWN_PROVIDERS else _suggests_less
    weaker = sorted({".".join(path[1:]) for path, *both in _values(before, after, (kind,)) if judge(path, *both)})
    return f"less is kept, or less safely: {', '.join(weaker)}" if weaker else ""


def _holds_data(kind: str, provider: str, attributes: Mapping[str, Json]) -> str:
    if provider not in _KNOWN_PROVIDERS:
        return f"what {kind} holds is not known"
    if kind in _STATEFUL or kind.startswith(_FAMILIES):
        return f"{kind} holds data"
    telling = sorted(_TELLING & attributes.keys())
    return f"{kind} holds data: it has {telling[0]}" if telling and kind not in _STATELESS else ""


def _values(before: Json, after: Json, path: Path) -> Iterator[tuple[Path, Json, Json]]:
    """Each value on either side, with the one in its place on the other side; None where there is none."""
    old, new = _in_force(before, path), _in_force(after, path)
    sides = [side for side in (old, new) if side is not None and side is not _UNKNOWN]
    if any(sides) and all(isinstance(side, Mapping) for side in sides):
        # What the plan leaves out of the new side is known only after the apply.
        missing, old, new = None if new is None else _UNKNOWN, old or {}, {} if new in (None, _UNKNOWN) else new
        for name in {**old, **new}:
            yield from _values(old.get(name), new.get(name, missing), (*path, name))
    elif any(sides) and all(isinstance(side, list) for side in sides):
        for each in _paired(old or [], new):
            yield from _values(*each, path)
    else:
        yield path, old, new


def _in_force(value: Json, path: Path) -> Json:
    """The value; None for an empty list, and for a block that is switched off, since it does nothing."""
    if len(path) > 1 and isinstance(value, Mapping):
        off = str(value.get("status")).upper() == "DISABLED" or value.get("enabled") is False
        return None if off else value
    return None if value == [] else value


def _paired(before: Json, after: Json) -> Iterator[tuple[Json, Json]]:
    """Items of two lists: blocks by their names if all have one, everything else by position."""
    if after is _UNKNOWN:
        yield from ((each, _UNKNOWN) for each in before)
        return
    after = after or []
    for name in _NAMES:
        old, new = _by_name(before, name), _by_name(after, name)
        if (len(old), len(new)) == (len(before), len(after)):
            yield from ((old.get(each), new.get(each)) for each in {**old, **new})
            return
    yield from zip_longest(before, after)


def _by_name(blocks: Json, name: str) -> dict[str, Json]:
    return {str(each[name]): each for each in blocks if isinstance(each, Mapping) and each.get(name)}


def _weaker(path: Path, before: Json, after: Json) -> bool:
    """Whether less is kept afterwards, or less safely, as hashicorp/aws names it."""
    tail = {path[-1], ".".join(path[-2:])}
    return bool(
        (_RETENTIONS & tail and _kept(path[-1], before) > _kept(path[-1], after))
        or (_EXPIRIES & tail and _until(before) > _until(after))
        or (_SCOPES & {*path, *tail} and None not in (before, after) and before != after)
        or (_PROTECTIONS & {*path, *tail} and _strength(before) > _strength(after))
        or (_SAVERS & tail and before and not after)
        or (_DANGERS & tail and not _strength(before) and (after is _UNKNOWN or _strength(after)))
    )


def _suggests_less(path: Path, before: Json, after: Json) -> bool:
    """Whether less may be kept afterwards, by the names of an unknown provider; a number that grows keeps more."""
    words = {word for name in path[1:] for word in _words(name)}
    if not (words & _SUGGESTING_WORDS or any(word.startswith(_SUGGESTING) for word in words)):
        return False
    old, new = _span(before), _span(after)
    if old is not None and new is not None:
        return old != new and (old <= 0 or new < old)  # 0 and below may be for ever
    if after is True and not before:
        return bool(words & _AGAINST) or not any(word.startswith(_SAVING) for word in words)
    return bool(before != after)


def _words(name: str) -> list[str]:
    return re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())


def _kept(name: str, value: Json) -> float:
    """How long that is, in the attribute's own unit: below 0 is for ever, and so is a log group's 0."""
    span = _span(value) or 0
    return inf if span < 0 or (value == 0 and name == "retention_in_days") else span


def _until(value: Json) -> float:
    """When it is deleted, in the attribute's own unit; what is no number, at any time."""
    return inf if value in (None, 0, "") else _span(value) or 0


def _span(value: Json) -> float | None:
    """A number, or a duration such as 90m or P30D in seconds; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value).lower()
    if _DURATION.fullmatch(text) or _ISO_DURATION.fullmatch(text):
        date, _, time = text.partition("t") if text.startswith("p") else ("", "", text)
        months = re.sub(r"(?<=\d)m", "month", date)
        return sum(float(n) * _SECONDS[unit] for n, unit in re.findall(r"([\d.]+)([a-z]+)", months + time))
    return float(text) if re.fullmatch(r"-?\d+(?:\.\d+)?", text) else None


def _strength(value: Json) -> int:
    return _STRENGTHS.get(str(value).upper(), 0)
