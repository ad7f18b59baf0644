"""What a change set says, as a plan: addresses for people, actions, names, what would lose data, and no value."""

import json
from typing import Any

import pytest

from provisioning_assets.backends.infrastructure.cdk.changes import plan_from
from provisioning_assets.core.plan import Action, Change


def resource(kind: str, path: str = "", **properties: Any) -> dict[str, Any]:
    """A resource of a template."""
    return {"Type": kind, "Properties": properties, "Metadata": {"aws:cdk:path": path} if path else {}}


def told(action: str, kind: str, *names: str, logical: str = "X", **more: Any) -> dict[str, Any]:
    """What a change set says of one resource."""
    details = [{"Target": {"Attribute": "Properties", "Name": name}} for name in names]
    of = {"Action": action, "LogicalResourceId": logical, "ResourceType": kind, "Details": details, "Scope": []}
    return {"Type": "Resource", "ResourceChange": {**of, **more}}


def only(*sets: dict[str, Any], before: Any = None, after: Any = None, drifts: Any = ()) -> Change:
    """The one change of the plan."""
    (change,) = plan_from(sets, drifts, before or {}, after or {}, 3).changes
    return change


def resources(**each: Any) -> dict[str, Any]:
    return {"Resources": each}


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("Small/Queue/Resource", "Queue (AWS::SQS::Queue)"),
        ("Small/Work/Dead/Resource", "Work/Dead (AWS::SQS::Queue)"),
        ("Small/Queue", "Queue (AWS::SQS::Queue)"),
        ("", "X (AWS::SQS::Queue)"),
    ],
)
def test_an_address_is_the_path_in_the_app(path: str, address: str) -> None:
    template = resources(X=resource("AWS::SQS::Queue", path))

    assert only(told("Add", "AWS::SQS::Queue"), after=template).address == address
    assert only(told("Remove", "AWS::SQS::Queue"), before=template).address == address


@pytest.mark.parametrize(
    ("of_set", "action", "stateful"),
    [
        (told("Add", "AWS::S3::Bucket"), Action.CREATE, False),
        (told("Remove", "AWS::S3::Bucket"), Action.DELETE, True),
        (told("Remove", "AWS::S3::Bucket", PolicyAction="Retain"), Action.DELETE, True),
        (told("Remove", "AWS::IAM::Role"), Action.DELETE, False),
        (told("Modify", "AWS::S3::Bucket", "Tags", Replacement="False"), Action.UPDATE, False),
        (told("Modify", "AWS::S3::Bucket", "BucketName", Replacement="True"), Action.REPLACE, True),
        (told("Modify", "AWS::RDS::DBInstance", "Engine", Replacement="Conditional"), Action.REPLACE, True),
        (told("Modify", "AWS::IAM::Role", "Path", Replacement="True"), Action.REPLACE, False),
        (told("Dynamic", "AWS::IAM::Role"), Action.REPLACE, True),
        (told("Unheard-of", "AWS::IAM::Role"), Action.REPLACE, True),
        (told("Remove", "Custom::Thing"), Action.DELETE, True),
    ],
    ids=lambda value: str(value["ResourceChange"]["Action"]) if isinstance(value, dict) else None,
)
def test_a_change_tells_whether_data_would_be_lost(of_set: dict[str, Any], action: Action, *, stateful: bool) -> None:
    change = only(of_set)

    assert (change.action, change.stateful, bool(change.because)) == (action, stateful, stateful)


@pytest.mark.parametrize(
    ("kind", "name", "old", "new", "lost"),
    [
        ("AWS::Logs::LogGroup", "RetentionInDays", 30, 7, True),
        ("AWS::Logs::LogGroup", "RetentionInDays", 7, 30, False),
        ("AWS::Logs::LogGroup", "RetentionInDays", None, 30, True),
        ("AWS::Logs::LogGroup", "RetentionInDays", 30, None, False),
        ("AWS::SQS::Queue", "MessageRetentionPeriod", "600", 60, True),
        ("AWS::SQS::Queue", "MessageRetentionPeriod", 60, {"Ref": "Y"}, True),
        ("AWS::SQS::Queue", "MessageRetentionPeriod", {"Ref": "Y"}, 60, True),
        ("AWS::SQS::Queue", "DelaySeconds", 60, 1, False),
        ("AWS::DynamoDB::Table", "DeletionProtectionEnabled", True, False, True),
        ("AWS::DynamoDB::Table", "DeletionProtectionEnabled", False, True, False),
        ("AWS::S3::Bucket", "VersioningConfiguration", {"Status": "Enabled"}, {"Status": "Suspended"}, True),
        ("AWS::S3::Bucket", "VersioningConfiguration", {"Status": "Enabled"}, None, True),
        ("AWS::Nobody::Knows", "BackupRetentionPeriod", 7, 1, True),
        ("AWS::RDS::DBInstance", "BackupRetentionPeriod", 7, 0, True),
    ],
)
def test_a_shorter_retention_counts_as_lost_data(kind: str, name: str, old: Any, new: Any, *, lost: bool) -> None:
    sides = ({} if value is None else {name: value} for value in (old, new))
    before, after = (resources(X=resource(kind, **side)) for side in sides)

    change = only(told("Modify", kind, name, Replacement="False"), before=before, after=after)

    assert (change.action, change.stateful) == (Action.UPDATE, lost)


@pytest.mark.parametrize(("old", "new", "lost"), [("Retain", "Delete", True), ("Delete", "Retain", False)])
def test_a_policy_that_lets_go_counts_as_lost_data(old: str, new: str, *, lost: bool) -> None:
    sides = ({"Resources": {"X": {**resource("AWS::S3::Bucket"), "DeletionPolicy": policy}}} for policy in (old, new))
    before, after = sides

    change = only(told("Modify", "AWS::S3::Bucket", "Tags", Replacement="False"), before=before, after=after)

    assert change.stateful == lost == bool(change.because)


def test_a_plan_has_names_and_no_value() -> None:
    before, after = ({"Resources": {"X": resource("AWS::SQS::Queue", DelaySeconds=n)}} for n in (4711, 4712))

    change = only(told("Modify", "AWS::SQS::Queue", "DelaySeconds", Replacement="False"), before=before, after=after)

    assert change.attributes == ("DelaySeconds",)
    assert "471" not in json.dumps(change.as_json())


def drift(status: str, *paths: str) -> dict[str, Any]:
    differences = [{"PropertyPath": path, "ExpectedValue": "1", "ActualValue": "2"} for path in paths]
    of = {"LogicalResourceId": "X", "ResourceType": "AWS::SQS::Queue", "StackResourceDriftStatus": status}
    return {**of, "PropertyDifferences": differences}


def test_what_was_changed_out_of_band_is_an_update() -> None:
    change = only(drifts=[drift("MODIFIED", "/VisibilityTimeout", "/Tags/0/Value")])

    assert (change.action, change.attributes) == (Action.UPDATE, ("Tags", "VisibilityTimeout"))


def test_what_was_deleted_out_of_band_is_made_again() -> None:
    assert only(drifts=[drift("DELETED")]).action is Action.CREATE


def test_what_drifted_and_changes_is_one_change() -> None:
    of_set = told("Modify", "AWS::SQS::Queue", "DelaySeconds", Replacement="False")

    assert only(of_set, drifts=[drift("MODIFIED", "/KmsKey")]).attributes == ("DelaySeconds", "KmsKey")


def test_outputs_alone_are_a_change() -> None:
    before, after = ({"Outputs": {"contract": {"Value": value}}} for value in ("1", "2"))

    assert only(before=before, after=after).action is Action.UPDATE
    assert plan_from([], [], before, before, 0).empty
