"""One stack of CloudFormation: how it stands, who works on it, what it manages. StackId is its identity."""

import hashlib
import json
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from provisioning_assets.backends.aws import Aws
from provisioning_assets.backends.infrastructure import StageRoot, StateLocked
from provisioning_assets.core.plan import Json
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ProviderFailed

Told = Mapping[str, Any]

OURS = "provisioning-"
"""How what we make in CloudFormation begins: change sets, and tokens of operations."""
SHELL = "REVIEW_IN_PROGRESS"
"""A stack that a change set is to make: it holds nothing."""
PATIENCE, WORK = 600.0, 7200.0
"""Seconds for an answer of CloudFormation's, and for what it does to resources."""

_DEAD = {"ROLLBACK_COMPLETE", "DELETE_COMPLETE"}
"""A first create that failed, and was undone: it holds nothing, and can only be deleted."""
_BROKEN = {
    "CREATE_FAILED": "delete the stack in CloudFormation, then run again",
    "DELETE_FAILED": "delete in CloudFormation what holds the stack, then run again",
    "ROLLBACK_FAILED": "delete the stack in CloudFormation, then run again",
    "IMPORT_ROLLBACK_FAILED": "mend the stack in CloudFormation, then run again",
    "UPDATE_FAILED": "roll the stack back in CloudFormation (rollback-stack), then run again",
    "UPDATE_ROLLBACK_FAILED": "mend what CloudFormation names, `continue-update-rollback`, then run again",
}
_BEGINS = re.compile(r"(CREATE|UPDATE|DELETE|IMPORT)_IN_PROGRESS")
_LONGEST = 128


class Stack:
    """The stack of one stage, in the account and region of the environment."""

    def __init__(self, stage: StageRoot, account: Aws) -> None:
        self.stage = stage.name
        self.name = _name(stage.key)
        self._aws = account

    def found(self) -> Told | None:
        """The stack; None while there is none that holds anything."""
        stack = self.described(self.name)
        return None if stack is None or stack["StackStatus"] in {SHELL, *_DEAD} else stack

    def ready(self) -> Told | None:
        """The stack, when CloudFormation would change it now; what a failed first create left is deleted."""
        stack = self.described(self.name)
        if stack is None or stack["StackStatus"] == SHELL:
            return None
        status = str(stack["StackStatus"])
        if status in _DEAD:
            self._delete_empty(stack["StackId"])
            return None
        if status in _BROKEN:
            raise ProviderFailed(
                f"the stack {self.name} is {status}",
                where=stack["StackId"],
                cause="; ".join(f"{what}: {why}" for what, why in failures(list(self.events()))[:5]),
                remedy=_BROKEN[status],
            )
        if working(stack):
            raise self._locked(stack)
        return stack

    def template(self) -> Mapping[str, Json]:
        """The template that was carried out last."""
        with self.translated():
            body = self.client.get_template(StackName=self.name, TemplateStage="Original")["TemplateBody"]
        if not isinstance(body, dict):  # as nothing, it would hide what the stack holds
            raise ProviderFailed(
                f"the template of the stack {self.name} is no JSON: somebody else wrote it",
                where=f"stack {self.name}",
                remedy="update the stack once with the same template as JSON, then run again",
            )
        return body

    def resources(self) -> list[Told]:
        """What the stack manages."""
        with self.translated():
            pages = self.client.get_paginator("list_stack_resources").paginate(StackName=self.name)
            found = [each for page in pages for each in page["StackResourceSummaries"]]
        return [each for each in found if each["ResourceStatus"] not in {"DELETE_COMPLETE", "DELETE_SKIPPED"}]

    def drifts(self) -> list[Told]:
        """CloudFormation's own look at each resource of a type that it can look at, and what it found."""
        with self.translated():
            looking = self.client.detect_stack_drift(StackName=self.name)["StackDriftDetectionId"]
            done: Told = settle(
                lambda: self.client.describe_stack_drift_detection_status(StackDriftDetectionId=looking),
                done=lambda told: told["DetectionStatus"] != "DETECTION_IN_PROGRESS",
                within=PATIENCE,
            )
            if done["DetectionStatus"] != "DETECTION_COMPLETE":
                raise ProviderFailed(
                    f"CloudFormation cannot tell what of {self.stage} was changed out of band",
                    where=self.name,
                    cause=str(done.get("DetectionStatusReason") or done["DetectionStatus"]),
                    remedy="give the credentials the right to read every type of the stack, then run again",
                )
            return list(self.pages("describe_stack_resource_drifts", "StackResourceDrifts", StackName=self.name))

    def write_only(self, kind: str) -> set[str]:
        """Properties that a type says can be written and never read; none where it cannot be asked."""
        with self.translated(), suppress(ClientError, KeyError, ValueError):
            schema = json.loads(self.client.describe_type(Type="RESOURCE", TypeName=kind)["Schema"])
            paths = (str(path).removeprefix("/properties/") for path in schema.get("writeOnlyProperties", []))
            return {path.replace("/", ".") for path in paths}
        return set()

    def wait(self, lock_id: str) -> None:
        """Until the operation of this number has ended; at once when another one is under way, or none."""

        def still() -> bool:
            stack = self.described(self.name)
            return stack is not None and working(stack) and self._locked(stack).lock_id == lock_id

        settle(still, done=lambda under_way: not under_way, within=WORK)

    def events(self) -> Iterator[Told]:
        """Newest first."""
        with self.translated():
            for page in self.client.get_paginator("describe_stack_events").paginate(StackName=self.name):
                yield from page["StackEvents"]

    def described(self, name: str) -> Told | None:
        """A stack by its name, or by its id also after it is gone."""
        with self.translated():
            try:
                found: Told = self.client.describe_stacks(StackName=name)["Stacks"][0]
            except ClientError as error:
                if "does not exist" in error.response["Error"].get("Message", ""):
                    return None
                raise
        return found

    def pages(self, call: str, part: str, **of: str) -> Iterator[Told]:
        """All of an answer; not each of these calls has a paginator."""
        following: dict[str, str] = {}
        while True:
            page = getattr(self.client, call)(**of, **following)
            yield from page[part]
            if not page.get("NextToken"):
                return
            following = {"NextToken": page["NextToken"]}

    @property
    def client(self) -> Any:
        """CloudFormation."""
        return self._aws.client("cloudformation")

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Its errors in our words, an answer that lacks what CloudFormation always says among them."""
        try:
            with self._aws.translated("CloudFormation"):
                yield
        except KeyError as error:
            raise ProviderFailed(
                f"CloudFormation does not say {error} of {self.name}",
                where=self._aws.endpoint("cloudformation"),
                remedy="see which server answers at this address",
            ) from None

    def _locked(self, stack: Told) -> StateLocked:
        """Who works on the stack: a run of ours left its host in the token of what it began."""
        own = (event for event in self.events() if event["LogicalResourceId"] == self.name)
        begun: Told = next((event for event in own if _BEGINS.fullmatch(event["ResourceStatus"])), {})
        token, since = str(begun.get("ClientRequestToken", "")), begun.get("Timestamp")
        host = token.removeprefix(OURS).rpartition("-")[0] if token.startswith(OURS) else ""
        here = socket.gethostname()
        what = f"{stack['StackStatus']} since {since:%Y-%m-%d %H:%M:%S %Z}" if since else str(stack["StackStatus"])
        locked = StateLocked(
            self.stage,
            f"{token or 'somebody'}, CloudFormation: {what}",
            lock_id=str(begun.get("EventId", stack["StackId"])),
            host=here if host == plain(here) else host,
            created=since if isinstance(since, datetime) else None,
        )
        locked.remedy = "wait: CloudFormation ends what was begun, whether that run is still there or not"
        return locked

    def _delete_empty(self, stack_id: str) -> None:
        left = [each for each in self.resources() if each["ResourceStatus"] != "CREATE_FAILED"]
        if left:
            raise ProviderFailed(
                f"the first create of the stack {self.name} failed, and left {len(left)} resources in it",
                where=", ".join(str(each.get("PhysicalResourceId") or each["LogicalResourceId"]) for each in left[:5]),
                remedy="see what they hold, delete the stack in CloudFormation, then run again",
            )
        with self.translated():
            self.client.delete_stack(StackName=stack_id)
            gone = settle(
                lambda: self.described(stack_id),
                done=lambda stack: stack is None or not working(stack),
                within=PATIENCE,
            )
        if gone is not None and gone["StackStatus"] != "DELETE_COMPLETE":
            raise ProviderFailed(
                f"the stack {self.name} cannot be deleted: {gone['StackStatus']}",
                where=stack_id,
                cause=str(gone.get("StackStatusReason", "")),
                remedy="delete it in CloudFormation, then run again: its first create failed",
            )


def working(stack: Told) -> bool:
    """Whether CloudFormation is at work on it."""
    return str(stack["StackStatus"]).endswith("_IN_PROGRESS") and stack["StackStatus"] != SHELL


def remedy_of(status: str) -> str:
    """What to do about a stack on which a change set was not carried out."""
    if status.endswith("_IN_PROGRESS"):
        return "wait: CloudFormation ends what was begun, whether anybody looks or not; then run again"
    if status in {"ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}:
        return "correct what CloudFormation names, then run again: it took back what it had done"
    return _BROKEN.get(status, "see in CloudFormation what became of the stack, then run again")


def failures(events: list[Told]) -> list[tuple[str, str]]:
    """What failed, and why, the first one first. What CloudFormation then stopped did not fail."""
    return [
        (str(each["LogicalResourceId"]), str(each.get("ResourceStatusReason", "")))
        for each in reversed(events)
        if each["ResourceStatus"].endswith("_FAILED") and "cancelled" not in each.get("ResourceStatusReason", "")
    ]


def plain(host: str) -> str:
    """A host's name as a token can hold it."""
    return re.sub(r"[^A-Za-z0-9]", "-", host)[:80]


def _name(key: str) -> str:
    """`demo-shop--staging--networking`; with a digest where another key would read the same."""
    name = key.replace("_", "-").replace("/", "--")
    if re.search(r"__|_/|/_|_$", key) or len(name) > _LONGEST:
        end = hashlib.sha256(key.encode()).hexdigest()[:8]
        name = f"{name[: _LONGEST - 9]}-{end}"
    return name
