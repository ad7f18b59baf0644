"""Drift: what was changed out of band, as far as CloudFormation compares it; and what it does not compare.

A resource that its drift detection does not look at is unseen. Of one that it looks at, it gives back the properties
that it compared (`ExpectedProperties`): what the template sets and is not among them is unseen, too, each by its own
name, so that a waiver of one covers no other. Only what the type itself declares as write-only, such as a password, is
passed over: nobody can read it back, and no waiver would ever end. What is run (`Code`) is named all the same.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackResourceDrift.html
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provisioning_assets.backends.infrastructure.cdk.changes import address
from provisioning_assets.backends.infrastructure.cdk.stack import Stack, Told
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed

_DRIFTED = {"MODIFIED", "DELETED"}
_COMPARED = {"IN_SYNC", "MODIFIED"}
_UNKNOWN = "UNKNOWN"
_NOBODY = "CloudFormation's drift detection does not look at this type: nobody knows whether it was changed by hand"
_LEFT_OUT = "CloudFormation's drift detection leaves this property out: nobody knows whether it was changed by hand"
_NOTHING = {"Ref": "AWS::NoValue"}
_RUN = "Code"


def found(stack: Stack, managed: Sequence[Told], template: Mapping[str, Json]) -> tuple[list[Told], dict[str, str]]:
    """What was changed out of band; and each resource and property that nobody compared, and why."""
    drifts = stack.drifts()
    unknown = [each for each in drifts if each["StackResourceDriftStatus"] == _UNKNOWN]
    if unknown:
        raise ProviderFailed(
            f"CloudFormation cannot tell what of {stack.stage} was changed out of band",
            where=", ".join(address(each["LogicalResourceId"], each["ResourceType"], template) for each in unknown),
            cause="; ".join(filter(None, (str(each.get("DriftStatusReason") or "") for each in unknown))),
            remedy="give the credentials the right to read it, then run again",
        )
    looked_at = {each["LogicalResourceId"]: each for each in drifts if _status(each) in _COMPARED | _DRIFTED}
    reasons = {each["LogicalResourceId"]: str(each.get("DriftStatusReason") or _NOBODY) for each in drifts}
    unseen = {}
    for each in managed:
        logical, kind = each["LogicalResourceId"], each["ResourceType"]
        name = address(logical, kind, template)
        if logical not in looked_at:
            unseen[name] = reasons.get(logical, _NOBODY)
        elif _status(looked_at[logical]) in _COMPARED:
            told = template.get("Resources", {}).get(logical, {}).get("Properties", {})
            left_out = set(_left_out(told, _expected(looked_at[logical])))
            passed = stack.write_only(kind) if left_out else set()
            unseen.update({f"{name}.{each}": _LEFT_OUT for each in left_out if not _within(each, passed)})
    return [each for each in drifts if _status(each) in _DRIFTED], unseen


def _status(told: Told) -> str:
    return str(told["StackResourceDriftStatus"])


def _expected(told: Told) -> Mapping[str, Any]:
    """The properties that were compared; none where CloudFormation does not say."""
    try:
        expected = json.loads(told.get("ExpectedProperties") or "{}")
    except ValueError:
        return {}
    return expected if isinstance(expected, Mapping) else {}


def _left_out(told: Mapping[str, Json], expected: Mapping[str, Json], *within: str) -> Iterator[str]:
    """Names of what a template sets and nobody compared; of a list, it is not told what of its items was."""
    for name, value in told.items():
        if value == _NOTHING:
            continue
        if name not in expected:
            yield ".".join((*within, name))
        elif isinstance(value, Mapping) and not _function(value) and isinstance(expected[name], Mapping):
            yield from _left_out(value, expected[name], *within, name)


def _function(value: Mapping[str, Json]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def _within(name: str, write_only: set[str]) -> bool:
    """Whether it is write-only, or all of it lies in what is."""
    return name.split(".", maxsplit=1)[0] != _RUN and any(f"{name}.".startswith(f"{each}.") for each in write_only)
