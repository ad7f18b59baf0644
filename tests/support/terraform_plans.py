"""Plans of one resource, as `terraform show -json` has them."""

from typing import Any

from provisioning_assets.backends.infrastructure.terraform.plan_json import plan_from
from provisioning_assets.core.plan import Change

AWS = "registry.terraform.io/hashicorp/aws"


def change(
    actions: list[str], kind: str, before: Any = None, after: Any = None, *, provider: str = AWS, **more: Any
) -> Change:
    """The one change of a plan."""
    resource = {"address": f"{kind}.this", "type": kind, "mode": "managed", "provider_name": provider}
    shown = {"actions": actions, "before": before, "after": after, "after_unknown": {}, **more}
    (found,) = plan_from({"resource_changes": [{**resource, "change": shown}]}).changes
    return found


def lost(kind: str, *planned: str, provider: str = AWS) -> tuple[Change, ...]:
    """Changes of a plan whose refresh did not find a resource that the state has."""
    resource = {"address": f"{kind}.this", "type": kind, "mode": "managed", "provider_name": provider}
    gone = {**resource, "change": {"actions": ["delete"], "before": {}, "after": None}}
    made = [{**resource, "change": {"actions": [each], "before": None, "after": {}}} for each in planned]
    return plan_from({"resource_drift": [gone], "resource_changes": made, "output_changes": {}}).changes
