"""What says how long data is kept and how safely, and whether a change weakens it: one judge for every engine.

Names are neutral: the words of a property in lower case, joined by `_`. An engine hands both sides of a change over in
this form, blocks as mappings or as lists of them. Where the words of hashicorp/aws and those of CloudFormation differ,
both stand here.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from math import inf

from provisioning_assets.core.plan import Json

Path = tuple[str, ...]
"""The type of a resource, and the names that lead to a value in it."""

_RETENTIONS = {
    "automated_snapshot_retention_period", "automatic_backup_retention_days", "backup_retention_period",
    "data_retention_in_hours", "default_retention.days", "default_retention.years", "deletion_window_in_days",
    "magnetic_store_retention_period_in_days", "manual_snapshot_retention_period",
    "memory_store_retention_period_in_hours", "message_retention_period", "message_retention_seconds",
    "min_retention_days", "newer_noncurrent_versions", "pending_window_in_days", "recovery_period_in_days",
    "recovery_window_in_days", "retain_rule.count", "retain_rule.interval", "retention_days", "retention_in_days",
    "retention_period", "retention_period_hours", "retention_period_in_days", "snapshot_retention_limit",
}  # fmt: skip
"""Numbers that say for how long or how often something is kept. A load balancer's `idle_timeout` is none."""

_EXPIRIES = {
    "default_time_to_live", "delete_after", "delete_after_days", "expiration.date", "expiration.days",
    "expiration_date", "expiration_in_days", "noncurrent_days", "noncurrent_version_expiration.days",
    "noncurrent_version_expiration_in_days",
}  # fmt: skip
"""Numbers that say after how long something is deleted: 0 and none are never."""

_SCOPES = {"expiration.date", "expiration_date", "filter", "rule.prefix", "rules.scope"}
"""What says which data expires, and when. Which of two is wider, we cannot tell."""

_PROTECTIONS = {
    "aws_dlm_lifecycle_policy.state", "backup_policy", "backup_retention_enabled", "default_retention",
    "deletion_protection", "deletion_protection_enabled", "disable_api_termination", "object_lock_enabled",
    "object_lock_mode", "point_in_time_recovery", "point_in_time_recovery_enabled",
    "point_in_time_recovery_specification", "termination_protection_enabled", "versioning", "versioning_configuration",
}  # fmt: skip
"""What protects data while it is on, with all that lies in it. A load balancer has `enable_deletion_protection`."""

_SAVERS = {"backup_plan_rule.rule_name", "rule.rule_name"}
"""What saves data while it is there: a rule of a backup plan."""

_DANGERS = {
    "delete_automated_backups", "empty_on_delete", "force_destroy", "skip_final_backup", "skip_final_snapshot",
    "time_to_live_specification.enabled", "ttl.enabled",
}  # fmt: skip
"""What protects data while it is off."""

_WATCHED = _RETENTIONS | _EXPIRIES | _SCOPES | _PROTECTIONS | _SAVERS | _DANGERS
_STRENGTHS = {"COMPLIANCE": 2, "ACTIVE": 1, "ENABLED": 1, "GOVERNANCE": 1, "TRUE": 1}

TELLING = (
    (_RETENTIONS | _PROTECTIONS | _DANGERS) - {"disable_api_termination", "versioning"}
) | {
    "allocated_storage", "final_snapshot", "final_snapshot_identifier", "final_snapshot_name", "recovery_points",
    "retention_properties", "snapshot_arn", "snapshot_arns", "snapshot_identifier", "snapshot_name",
    "storage_capacity", "storage_encrypted",
}  # fmt: skip
"""Attributes that only what holds data has, whatever their value; a launch template can `disable_api_termination`."""

_NAMES = ("id", "rule_name", "name")
"""Attributes by which a block is known again in a list."""

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhdwy]))+")
_ISO_DURATION = re.compile(r"p(?=.)(?:\d+[ymwd])*(?:t(?:\d+[hms])+)?")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000, "month": 2592000}


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is known only after the apply; two that are told alike are the same."""

    told: str = ""


UNKNOWN = Unknown()


def weakened(
    kind: str,
    before: Json,
    after: Json,
    *,
    absent: Json = None,
    judge: Callable[[Path, Json, Json], bool] | None = None,
) -> list[str]:
    """Names of what is kept less long, or less safely, after a change; `absent` is what the new side leaves out."""
    found = {
        ".".join(path[1:]) for path, *both in _values(before, after, (kind,), absent) if (judge or _less)(path, *both)
    }
    return sorted(found)


def _values(before: Json, after: Json, path: Path, absent: Json) -> Iterator[tuple[Path, Json, Json]]:
    """Each value on either side, with the one in its place on the other side; None where there is none."""
    old, new = _in_force(before, path), _in_force(after, path)
    sides = [side for side in (old, new) if side is not None and not isinstance(side, Unknown)]
    if any(sides) and all(isinstance(side, Mapping) for side in sides):
        was, missing = _without(old, None), _without(new, absent)
        old, new = ({} if not isinstance(side, Mapping) else side for side in (old, new))
        for name in {**old, **new}:
            yield from _values(old.get(name, was), new.get(name, missing), (*path, name), absent)
    elif any(sides) and all(isinstance(side, list) for side in sides):
        for each in _paired(old, new):
            yield from _values(*each, path, absent)
    else:
        yield path, old, new


def _without(side: Json, absent: Json) -> Json:
    """What one side says of a name that it does not have."""
    return side if side is None or isinstance(side, Unknown) else absent


def _in_force(value: Json, path: Path) -> Json:
    """The value; None for an empty list, and for a block that is switched off, since it does nothing."""
    if len(path) > 1 and isinstance(value, Mapping):
        off = str(value.get("status")).upper() == "DISABLED" or value.get("enabled") is False
        return None if off else value
    return None if value == [] else value


def _paired(before: Json, after: Json) -> Iterator[tuple[Json, Json]]:
    """Items of two lists: blocks by their names if all have one, everything else by position."""
    if isinstance(before, Unknown):
        yield from ((before, each) for each in after)
        return
    if isinstance(after, Unknown):
        yield from ((each, after) for each in before)
        return
    before, after = before or [], after or []
    for name in _NAMES:
        old, new = _by_name(before, name), _by_name(after, name)
        if (len(old), len(new)) == (len(before), len(after)):
            yield from ((old.get(each), new.get(each)) for each in {**old, **new})
            return
    yield from zip_longest(before, after)


def _by_name(blocks: Json, name: str) -> dict[str, Json]:
    return {str(each[name]): each for each in blocks if isinstance(each, Mapping) and each.get(name)}


def _less(path: Path, before: Json, after: Json) -> bool:
    """Whether less is kept afterwards, or less safely."""
    tail = {path[-1], ".".join(path[-2:])}
    if isinstance(before, Unknown):
        return before != after and bool(_WATCHED & {*path, *tail})
    return bool(
        (_RETENTIONS & tail and _kept(path[-1], before) > _kept(path[-1], after))
        or (_EXPIRIES & tail and _until(before) > _until(after))
        or (_SCOPES & {*path, *tail} and None not in (before, after) and before != after)
        or (_PROTECTIONS & {*path, *tail} and _strength(before) > _strength(after))
        or (_SAVERS & tail and before and not after)
        or (_DANGERS & tail and not _strength(before) and (isinstance(after, Unknown) or _strength(after)))
    )


def _kept(name: str, value: Json) -> float:
    """How long that is, in the attribute's own unit: below 0 is for ever, and so is a log group's 0."""
    kept = span(value) or 0
    return inf if kept < 0 or (value == 0 and name == "retention_in_days") else kept


def _until(value: Json) -> float:
    """When it is deleted, in the attribute's own unit; what is no number, at any time."""
    return inf if value in (None, 0, "") else span(value) or 0


def span(value: Json) -> float | None:
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
