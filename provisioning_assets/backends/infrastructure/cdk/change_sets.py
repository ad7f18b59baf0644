"""Change sets: what CloudFormation says it would do, kept until exactly that is done, or nobody wants it any more."""

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from uuid import uuid4

from botocore.exceptions import ClientError

from provisioning_assets.backends.infrastructure.cdk.stack import (
    OURS,
    PATIENCE,
    SHELL,
    WORK,
    Stack,
    Told,
    failures,
    plain,
    working,
)
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ProviderFailed

ABANDONED = timedelta(hours=1)
"""Age from which a change set is nobody's: a run carries out its plan minutes after it made it."""

_UNCHANGED = ("didn't contain changes", "No updates are to be performed")
_DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
_STALE = ("ChangeSetNotFound", "InvalidChangeSetStatus")


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What CloudFormation would do, and the way to have exactly that done."""

    arn: str
    changes: Sequence[Told]
    executable: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """How the stack stands after a change set was carried out; what failed, by logical id, and why."""

    done: bool
    status: str
    failed: Sequence[tuple[str, str]]


def propose(stack: Stack, body: str, tags: Mapping[str, str], *, new: bool, revert: bool) -> ChangeSet:
    """Make a change set of this template; `revert` has it undo what was changed out of band."""
    mode = {"DeploymentMode": "REVERT_DRIFT"} if revert else {}
    with stack.translated():
        try:
            made = stack.client.create_change_set(
                StackName=stack.name,
                ChangeSetName=f"{OURS}{uuid4().hex}",
                ChangeSetType="CREATE" if new else "UPDATE",
                TemplateBody=body,
                Tags=[{"Key": key, "Value": value} for key, value in sorted(tags.items())],
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
                **mode,
            )["Id"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise _refused(stack, [error.response["Error"]["Message"]]) from None
        told: Told = settle(
            lambda: stack.client.describe_change_set(ChangeSetName=made),
            done=lambda told: told["Status"] not in {"CREATE_PENDING", "CREATE_IN_PROGRESS"},
            within=PATIENCE,
        )
        changes = list(stack.pages("describe_change_set", "Changes", ChangeSetName=made))
    reason = str(told.get("StatusReason") or "")
    if told["Status"] != "CREATE_COMPLETE" and not any(each in reason for each in _UNCHANGED):
        words = [reason, *(why for _, why in _found_wrong(stack, ChangeSetName=made))]
        forget(stack, made)
        raise _refused(stack, words or [str(told["Status"])])
    return ChangeSet(made, changes, told.get("ExecutionStatus") == "AVAILABLE")


def _refused(stack: Stack, words: Sequence[str]) -> ProviderFailed:
    return ProviderFailed(
        f"CloudFormation makes no change set for {stack.stage}",
        where=stack.name,
        cause="; ".join(filter(None, words)),
        remedy="correct in the app what it names, then run again: nothing was changed",
    )


def execute(stack: Stack, arn: str, tell: Callable[[Told], None]) -> Ended:
    """Carry out this very set, and wait for the end."""
    last: Told = next(stack.events(), {})
    told: set[str] = set()

    def new() -> list[Told]:
        return list(takewhile(lambda event: event["EventId"] != last.get("EventId"), stack.events()))

    def look() -> Told | None:
        for event in reversed(new()):
            if event["EventId"] not in told:
                told.add(event["EventId"])
                tell(event)
        return stack.described(stack.name)

    with stack.translated():
        try:
            token = f"{OURS}{plain(socket.gethostname())}-{uuid4().hex[:8]}"
            stack.client.execute_change_set(ChangeSetName=arn, ClientRequestToken=token)
        except ClientError as error:
            if not error.response["Error"]["Code"].startswith(_STALE):
                raise
            raise ProviderFailed(
                f"{stack.stage}: the plan is no longer what would be done", where=arn, remedy="plan again"
            ) from None
    # Every execution has events: without one it has not begun, whatever the status of the stack still is.
    found = settle(look, done=lambda stack: stack is None or (bool(told) and not _under_way(stack)), within=WORK)
    status = str(found["StackStatus"]) if found else "gone"
    if status in _DONE:
        return Ended(done=True, status=status, failed=())
    wrong = _found_wrong(stack, last.get("Timestamp"), StackName=stack.name)
    return Ended(done=False, status=status, failed=[*wrong, *failures(new())])


def forget(stack: Stack, arn: str) -> None:
    """Delete a change set that nobody carries out, and the shell of a stack that was made for it."""
    with stack.translated():
        try:
            stack.client.delete_change_set(ChangeSetName=arn)
        except ClientError as error:
            if not error.response["Error"]["Code"].startswith(_STALE):  # it was carried out, or another one was
                raise
        found = stack.described(stack.name)
        if found and found["StackStatus"] == SHELL and not _waiting(stack):
            stack.client.delete_stack(StackName=found["StackId"])


def sweep(stack: Stack) -> None:
    """Delete change sets that killed runs left."""
    with stack.translated():
        for each in _waiting(stack):
            if each["ChangeSetName"].startswith(OURS) and datetime.now(UTC) - each["CreationTime"] > ABANDONED:
                forget(stack, each["ChangeSetId"])


def _waiting(stack: Stack) -> list[Told]:
    """Change sets that were not carried out."""
    if stack.described(stack.name) is None:
        return []
    pages = stack.client.get_paginator("list_change_sets").paginate(StackName=stack.name)
    found = [each for page in pages for each in page["Summaries"]]
    return [each for each in found if not each.get("ExecutionStatus", "").startswith("EXECUTE_")]


def _under_way(stack: Told) -> bool:
    """Also while CloudFormation has not begun yet."""
    return working(stack) or stack["StackStatus"] == SHELL


def _found_wrong(stack: Stack, since: datetime | None = None, **of: str) -> list[tuple[str, str]]:
    """What CloudFormation found wrong before it began; the events of resources say only that there is something."""
    with suppress(ClientError):  # not every server that stands in for it has this call
        told = stack.client.describe_events(**of, Filters={"FailedEvents": True})["OperationEvents"]
        new = (each for each in told if since is None or each["Timestamp"] >= since)
        wrong = (
            (str(each.get("LogicalResourceId", "")), str(each.get("ValidationStatusReason") or "")) for each in new
        )
        return list(dict.fromkeys((what, why) for what, why in wrong if why))
    return []
