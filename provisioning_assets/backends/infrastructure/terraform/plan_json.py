"""A Terraform plan without its values: addresses, actions and names of attributes.

Format of `terraform show -json`: https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from provisioning_assets.backends.infrastructure.terraform.stateful import because
from provisioning_assets.core.plan import Action, Change, Json, Plan

_ACTIONS = {
    ("create",): Action.CREATE,
    ("update",): Action.UPDATE,
    ("delete",): Action.DELETE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    # The resource lives on unmanaged, out of reach of our rules and the freeze: that is as serious as a delete.
    ("forget",): Action.DELETE,
    ("create", "forget"): Action.REPLACE,
}


def plan_from(shown: Mapping[str, Json], command: str = "terraform") -> Plan:
    """The plan in the output of `terraform show -json`, for a plan that it says is not empty.

    `command` is what a person calls to take something out of the state.

    It is never empty here either: if only outputs differ, or something unknown to this code, that is a change.
    """
    changes = [*_resources(shown, command)]
    if not changes:
        outputs = shown.get("output_changes", {}).items()
        changes = [_update(f"output.{name}", ["value"]) for name, each in outputs if each["actions"] != ["no-op"]]
    return Plan(tuple(changes or [_update("terraform.state", ["state"])]), _existing(shown))


def _existing(shown: Mapping[str, Json]) -> int:
    """How many resources the state manages before the plan."""
    modules, count = [shown.get("prior_state", {}).get("values", {}).get("root_module", {})], 0
    while modules:
        module = modules.pop()
        count += sum(resource["mode"] == "managed" for resource in module.get("resources", []))
        modules.extend(module.get("child_modules", []))
    return count


def _resources(shown: Mapping[str, Json], command: str) -> Iterator[Change]:
    lost, buckets = vanished(shown), _new_buckets(shown)
    for resource in shown.get("resource_changes", []):
        if resource["mode"] != "managed":
            continue
        if resource["address"] in lost:
            action = _ACTIONS.get(tuple(resource["change"]["actions"]), Action.REPLACE)
            yield _again(resource["address"], action, lost.pop(resource["address"]), command)
        else:
            yield from _of_resource(resource, buckets)
    for address, why in lost.items():
        # It is in no code either: an apply takes it out of the state, and nobody misses it.
        yield _again(address, Action.DELETE, why, command)


def _of_resource(resource: Mapping[str, Json], new_buckets: AbstractSet[str]) -> Iterator[Change]:
    change, address = resource["change"], resource["address"]
    action = _ACTIONS.get(tuple(change["actions"]))
    names = _differing(change)
    lost = because(resource, action, new_buckets) if action else ""
    if action is Action.CREATE:
        yield Change(action, address, None, {}, stateful=bool(lost), because=lost)
    elif action is Action.DELETE:
        yield Change(action, address, {}, None, stateful=bool(lost), because=lost)
    elif action is Action.REPLACE:
        forced = {str(path[0]) for path in change.get("replace_paths", [])}
        yield _update(address, sorted(forced or names), action, lost=lost)
    elif action is Action.UPDATE:
        yield _update(address, names or ["(nothing that is named)"], lost=lost)
    elif "previous_address" in resource:
        yield _update(address, ["(address)"])
    elif "importing" in change:
        yield _update(address, ["(import)"])
    elif change["actions"] != ["no-op"]:
        # An unknown action is treated as the worst one.
        unknown = "-".join(change["actions"])
        yield _update(address, [unknown], Action.REPLACE, lost=f"what {unknown} does is not known")


def vanished(shown: Mapping[str, Json]) -> dict[str, str]:
    """What the state has and the refresh did not find, by address, if it holds data; and what tells that it does.

    It was deleted by somebody, or Terraform looks in another region or account: an apply would make an empty one.
    """
    gone = (each for each in shown.get("resource_drift", []) if each["change"]["actions"] == ["delete"])
    held = {each["address"]: because(each, Action.DELETE) for each in gone if each["mode"] == "managed"}
    return {address: f"it is in the state and was not found: {lost}" for address, lost in held.items() if lost}


def _new_buckets(shown: Mapping[str, Json]) -> AbstractSet[str]:
    """Names of buckets that the plan makes: nothing is in them yet."""
    made = (each for each in shown.get("resource_changes", []) if each["change"]["actions"] == ["create"])
    return {str((each["change"]["after"] or {}).get("bucket")) for each in made if each["type"] == "aws_s3_bucket"}


def _again(address: str, action: Action, lost: str, command: str) -> Change:
    remedy = (
        "look where it went: was it deleted, or does it live in another region or account? Bring it back, or if it is"
        f" gone for good, take it out of the state: {command} state rm '{address}'"
    )
    return Change(action, address, {}, {}, stateful=True, because=lost, remedy=remedy)


def _differing(change: Mapping[str, Json]) -> list[str]:
    before, after, unknown = (change.get(side) or {} for side in ("before", "after", "after_unknown"))
    names = before.keys() | after.keys() | unknown.keys()
    return sorted(name for name in names if unknown.get(name) or before.get(name) != after.get(name))


def _update(address: str, names: list[str], action: Action = Action.UPDATE, *, lost: str = "") -> Change:
    """A change in which every attribute is sensitive, since providers do not always mark the ones that are."""
    empty = dict.fromkeys(names)
    return Change(action, address, empty, empty, frozenset(names), stateful=bool(lost), because=lost)
