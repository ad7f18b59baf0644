"""What a change set says, with every value left behind: addresses, actions and names of properties.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provisioning_assets.backends.infrastructure.cdk.stateful import because
from provisioning_assets.core.plan import Action, Change, Json, Plan

_PATH = "aws:cdk:path"
_LEAVES = {"Resource", "Default"}
"""What CDK calls the one resource of a construct."""

_ACTIONS = {
    "Add": Action.CREATE,
    "Import": Action.UPDATE,
    "Modify": Action.UPDATE,
    "Remove": Action.DELETE,
    "SyncWithActual": Action.UPDATE,
}

Template = Mapping[str, Json]
Told = Sequence[Mapping[str, Any]]


def plan_from(sets: Told, drifts: Told, before: Template, after: Template, existing: int) -> Plan:
    """The plan of a change set and of what was changed out of band; when outputs alone differ, that is a change."""
    found: dict[str, Change] = {}
    for each in sets:
        change = _planned(each["ResourceChange"], before, after)
        found[change.address] = change
    for drift in drifts:
        change = _drifted(drift, before)
        known = found.get(change.address)
        if known is None:
            found[change.address] = change
        elif known.action is Action.UPDATE and change.before is not None:
            names = {*known.attributes, *change.attributes}
            found[change.address] = _update(change.address, names, reason=known.because)
    if not found:
        found = {name: _update(f"output {name}", {"Value"}) for name in _differing(before, after, "Outputs")}
    return Plan(tuple(found.values()), existing)


def address(logical: str, resource_type: str, *templates: Template) -> str:
    """As people know a resource: its path in the app, and its type. `Queue (AWS::SQS::Queue)`."""
    for template in templates:
        path = template.get("Resources", {}).get(logical, {}).get("Metadata", {}).get(_PATH, "")
        parts = str(path).split("/")[1:]
        if parts and parts[-1] in _LEAVES:
            parts.pop()
        if parts:
            return f"{'/'.join(parts)} ({resource_type})"
    return f"{logical} ({resource_type})"


def _planned(told: Mapping[str, Any], before: Template, after: Template) -> Change:
    kind, logical = told["ResourceType"], told["LogicalResourceId"]
    where, names = address(logical, kind, after, before), set(_names(told))
    action = _ACTIONS.get(told["Action"])
    if action is None:
        # One that this does not know, or that CloudFormation has not decided yet, is taken for the worst.
        return _update(where, {str(told["Action"])}, Action.REPLACE, f"what {told['Action']} does is not known")
    if action is Action.UPDATE and told.get("Replacement", "False") != "False":
        action = Action.REPLACE  # what CloudFormation may replace counts as if it did
    sides = (template.get("Resources", {}).get(logical, {}) for template in (before, after))
    reason = because(kind, action, *sides)
    if action is Action.CREATE:
        return Change(action, where, None, {})
    if action is Action.DELETE:
        return Change(action, where, {}, None, stateful=bool(reason), because=reason)
    return _update(where, names, action, reason)


def _names(told: Mapping[str, Any]) -> Iterator[str]:
    for detail in told.get("Details", []):
        target = detail.get("Target", {})
        yield str(target.get("Name") or target.get("Attribute") or "(unnamed)")
    if not told.get("Details"):
        yield from told.get("Scope") or ["(unnamed)"]


def _drifted(told: Mapping[str, Any], before: Template) -> Change:
    where = address(told["LogicalResourceId"], told["ResourceType"], before)
    if told["StackResourceDriftStatus"] == "DELETED":
        return Change(Action.CREATE, where, None, {})
    paths = (str(each["PropertyPath"]) for each in told.get("PropertyDifferences", []))
    return _update(where, {path.strip("/").split("/")[0] or "(unnamed)" for path in paths})


def _differing(before: Template, after: Template, section: str) -> list[str]:
    old, new = before.get(section, {}), after.get(section, {})
    if not before:
        return []
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _update(where: str, names: set[str], action: Action = Action.UPDATE, reason: str = "") -> Change:
    """Every property counts as sensitive: which values are, nobody says."""
    empty = dict.fromkeys(sorted(names))
    return Change(action, where, empty, empty, sensitive=frozenset(names), stateful=bool(reason), because=reason)
