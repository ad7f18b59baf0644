"""AWS CDK: a Python app is synthesized, and CloudFormation plans, applies and reads its stack.

A change set is the plan, and that very set is what an apply carries out. What CloudFormation's drift detection finds
is part of the plan: a change set alone compares templates, and sees nothing of what was done out of band.
"""

import json
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Self

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import Listener, StageRoot
from provisioning_assets.backends.infrastructure.cdk import app, assembly, change_sets, coverage, drift, packages, synth
from provisioning_assets.backends.infrastructure.cdk.changes import address, plan_from
from provisioning_assets.backends.infrastructure.cdk.stack import Stack, Told, remedy_of
from provisioning_assets.backends.infrastructure.settings import Cdk as Settings
from provisioning_assets.core.plan import Json, Plan, digest
from provisioning_assets.errors import ApplyFailed, ProviderFailed, ProvisioningError

_LARGEST = 51_200
"""Bytes of a template that CloudFormation takes without a bucket."""


@dataclass(slots=True)
class _Kept:
    """The last plan of a stage, and what it takes to carry it out."""

    stack: Stack
    arn: str
    digest: str
    executable: bool
    names: Mapping[str, str] = field(default_factory=dict)
    """Logical id to the address that people know."""


class Cdk:
    """The engine, with the library as it is installed here."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._aws = aws.of(access)
        self._made: dict[str, assembly.Template] = {}
        """What was synthesized, by the digest of all that went into it."""
        self._kept: dict[str, _Kept] = {}
        weakref.finalize(self, _forget_all, self._kept)

    @classmethod
    def open(cls, _settings: Settings, access: Access) -> Self:
        """CDK with the environment's access."""
        return cls(access)

    def reach(self) -> None:
        """Whose credentials CloudFormation would see."""
        self._aws.reach()

    def identity(self) -> Mapping[str, Json]:
        """The account, and the version of the library: another one may make another template of the same app."""
        return {**self._aws.identity(), "engine": packages.version()}

    def plan(self, stage: StageRoot, listener: Listener) -> Plan:
        """Have CloudFormation compare the app's template with the last one, and the last one with what is live."""
        stack = Stack(stage, self._aws)
        self._forget(stage)
        change_sets.sweep(stack)
        found = stack.ready()
        template = self._synthesized(stage, listener)
        before = stack.template() if found else {}
        listener.progress(f"{stage.name}: asking CloudFormation for what would change")
        managed = stack.resources() if found else []
        drifts, unseen = drift.found(stack, managed, before) if found else ([], {})
        tags = {**template.tags, **coverage.tags(stage)}
        body = json.dumps(template.body, separators=(",", ":"))
        if len(body.encode()) > _LARGEST:
            raise ProviderFailed(
                f"the template of {stage.name} has {len(body.encode())} bytes; CloudFormation takes {_LARGEST}",
                where=str(stage.root),
                remedy="split the stage",
            )
        proposed = change_sets.propose(stack, body, tags, new=found is None, revert=bool(drifts))
        plan = replace(plan_from(proposed.changes, drifts, before, template.body, len(managed)), unseen=unseen)
        if plan.empty:
            change_sets.forget(stack, proposed.arn)
            return plan
        names = {
            logical: address(logical, str(each.get("Type")), sides)
            for sides in (before, template.body)
            for logical, each in sides.get("Resources", {}).items()
        }
        self._kept[stage.key] = _Kept(stack, proposed.arn, plan.digest, proposed.executable, names)
        return plan

    def apply(self, stage: StageRoot, plan: Plan, listener: Listener) -> None:
        """Have the change set of the last plan carried out, which must be this one."""
        kept = self._kept.get(stage.key)
        if kept is None or kept.digest != plan.digest:
            raise ProviderFailed(f"{stage.name}: this is not the plan that was made last", remedy="plan again")
        if not kept.executable:
            self._forget(stage)
            raise ApplyFailed(
                f"CloudFormation has no change set for what differs in {stage.name}",
                where=", ".join(change.address for change in plan.changes[:5]),
                cause="it does not undo what was changed out of band, or sees no change in outputs alone",
                remedy="set back by hand what was changed so, or write it into the app; then run again",
            )

        def tell(event: Told) -> None:
            name = kept.names.get(event["LogicalResourceId"], event["LogicalResourceId"])
            listener.progress(f"{stage.name}: {name} {event['ResourceStatus']}")

        del self._kept[stage.key]
        ended = change_sets.execute(kept.stack, kept.arn, tell)
        if not ended.done:
            raise ApplyFailed(
                f"CloudFormation has not carried {stage.name} out: its stack is {ended.status}",
                where=", ".join(dict.fromkeys(kept.names.get(name, name) for name, _ in ended.failed))
                or kept.stack.name,
                cause="\n".join(f"{kept.names.get(name, name)}: {why}" for name, why in ended.failed if why),
                remedy=remedy_of(ended.status),
            )

    def outputs(self, stage: StageRoot) -> Mapping[str, Json]:
        """The output `contract`, a JSON object."""
        stack = Stack(stage, self._aws)
        found = stack.found()
        told = {each["OutputKey"]: each["OutputValue"] for each in (found or {}).get("Outputs", [])}
        if "contract" not in told:
            raise ProviderFailed(
                f"the stage {stage.name} has no contract yet",
                where=f"stack {stack.name}",
                remedy=f'apply {stage.name} first; its stack needs CfnOutput "contract", stack.to_json_string({{…}})',
            )
        contract = None
        with suppress(ValueError):
            contract = json.loads(told["contract"])
        if not isinstance(contract, dict):
            raise ProviderFailed(
                f"the contract of {stage.name} is no JSON object",
                where=f"stack {stack.name}",
                remedy="make it with stack.to_json_string({…})",
            )
        return contract

    def unmanaged(self, stage: StageRoot) -> Mapping[str, str | None]:
        """Each live thing that belongs to the stage, and why it is not managed; nothing before the first apply."""
        stack = Stack(stage, self._aws)
        if not stack.found():
            return {}
        beside = (Stack(replace(stage, name=name), self._aws) for name in stage.beside)
        others = [each for each in beside if each.found()]
        return coverage.live_and_managed(stack, others, stage, self._aws)

    def unlock(self, stage: StageRoot, lock_id: str) -> None:
        """Wait for the end of what a dead run began: CloudFormation does it without that run, and gives way then."""
        Stack(stage, self._aws).wait(lock_id)

    def state_id(self, stage: StageRoot) -> str | None:
        """The id that CloudFormation gave the stack."""
        found = Stack(stage, self._aws).found()
        return None if found is None else str(found["StackId"])

    def _synthesized(self, stage: StageRoot, listener: Listener) -> assembly.Template:
        """Once for the same files, variables and packages."""
        context, account = synth.given(stage), self._aws.account
        into = digest({
            "files": {str(file): file.read_bytes().hex() for file in app.files(stage.root)},
            "context": context,
            "account": account,
            "region": self._access.region,
            "library": packages.version(),
        })  # fmt: skip
        if into not in self._made:
            for name in stage.variables:
                if name not in {*app.variables(stage.root), *app.EVERY_STAGE}:
                    raise ProviderFailed(
                        f"the app of {stage.name} takes no variable `{name}`",
                        where=str(stage.root / app.CDK_JSON),
                        remedy="name it in `context` there, or remove it from the stage",
                    )
            listener.progress(f"{stage.name}: synthesizing with {packages.version()}")
            self._made[into] = synth.synthesize(stage, context, account, self._access)
        return self._made[into]

    def _forget(self, stage: StageRoot) -> None:
        kept = self._kept.pop(stage.key, None)
        if kept:
            change_sets.forget(kept.stack, kept.arn)


def _forget_all(kept: dict[str, _Kept]) -> None:
    """When the engine is not used any more: nobody will carry these out."""
    for each in kept.values():
        with suppress(ProvisioningError):
            change_sets.forget(each.stack, each.arn)
    kept.clear()
