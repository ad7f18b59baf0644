"""What is taken out of `terraform show -json` of a plan."""

import json
from typing import Any

import pytest

from provisioning_assets.backends.infrastructure.terraform.plan_json import plan_from
from provisioning_assets.core.plan import Action


def shown(actions: list[str], before: Any = None, after: Any = None, **more: Any) -> dict[str, Any]:
    """A plan with one resource."""
    beside = {key: more.pop(key) for key in ("previous_address", "mode", "type") if key in more}
    change = {"actions": actions, "before": before, "after": after, "after_unknown": {}, **more}
    kind = {"address": "aws_vpc.this", "type": "aws_vpc", "mode": "managed"}
    return {"resource_changes": [{**kind, "change": change, **beside}]}


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        (["create"], Action.CREATE),
        (["update"], Action.UPDATE),
        (["delete"], Action.DELETE),
        (["delete", "create"], Action.REPLACE),
        (["create", "delete"], Action.REPLACE),
        (["forget"], Action.DELETE),
        (["create", "forget"], Action.REPLACE),
        (["something-new"], Action.REPLACE),
    ],
)
def test_each_action_of_terraform_is_one_of_ours(actions: list[str], expected: Action) -> None:
    assert [change.action for change in plan_from(shown(actions, {"a": 1}, {"a": 2})).changes] == [expected]


def test_names_of_what_differs_come_out_and_values_stay() -> None:
    before = {"name": "shop", "password": "old-4711", "tags": {"a": "4711"}}
    after = {"name": "shop", "password": "new-4711", "tags": {}}
    plan = plan_from(shown(["update"], before, after, after_unknown={"arn": True}))

    assert plan.changes[0].attributes == ("arn", "password", "tags")
    assert "4711" not in json.dumps([change.as_json() for change in plan.changes])


def test_a_replace_names_what_forces_it() -> None:
    plan = plan_from(shown(["delete", "create"], {"a": 1, "b": 1}, {"a": 2, "b": 2}, replace_paths=[["b", 0]]))
    assert plan.changes[0].attributes == ("b",)


def test_what_is_only_read_or_unchanged_is_no_change_beside_another() -> None:
    read = shown(["read"], mode="data")["resource_changes"]
    same = shown(["no-op"], {"a": 1}, {"a": 1})["resource_changes"]
    real = shown(["create"])["resource_changes"]
    assert len(plan_from({"resource_changes": read + same + real}).changes) == 1


def test_moves_and_imports_count() -> None:
    assert str(plan_from(shown(["no-op"], previous_address="aws_vpc.old")).changes[0]).startswith("update")
    assert plan_from(shown(["no-op"], importing={"id": "vpc-1"})).changes[0].action is Action.UPDATE


def test_a_plan_that_terraform_calls_not_empty_is_never_empty() -> None:
    outputs = {"contract": {"actions": ["update"]}, "other": {"actions": ["no-op"]}}
    assert [change.address for change in plan_from({"output_changes": outputs}).changes] == ["output.contract"]
    assert not plan_from({}).empty


def test_what_exists_is_counted_in_all_modules_and_without_data_sources() -> None:
    vpc, data = {"mode": "managed"}, {"mode": "data"}
    child = {"resources": [vpc, data], "child_modules": [{"resources": [vpc, vpc]}]}
    root = {"resources": [vpc, data], "child_modules": [child]}
    assert plan_from({**shown(["create"]), "prior_state": {"values": {"root_module": root}}}).existing == 4
    assert plan_from(shown(["create"])).existing == 0
