"""Terraform, or OpenTofu: plans, applies and reads one stage.

Names of resources leave this back end, and values never do. A plan is kept until it is applied or this process ends.
"""

import json
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import QUIET, Listener, StageRoot, StateLocked
from provisioning_assets.backends.infrastructure.settings import Terraform as Settings
from provisioning_assets.backends.infrastructure.terraform import (
    cli_configuration,
    coverage,
    diagnostics,
    installed,
    process,
    root,
)
from provisioning_assets.backends.infrastructure.terraform.plan_json import plan_from, vanished
from provisioning_assets.backends.infrastructure.terraform.process import FLAG, Event, TerraformProcess
from provisioning_assets.backends.infrastructure.terraform.program import PROGRAMS, Program
from provisioning_assets.backends.infrastructure.terraform.state import State, state_of
from provisioning_assets.core.plan import Json, Plan
from provisioning_assets.errors import ApplyFailed, ProviderFailed

_CHANGED = 2
"""Exit status of `plan -detailed-exitcode` when there is something to do."""

_TOLD = {"apply_start", "apply_progress", "apply_complete", "apply_errored", "change_summary"}
"""Events of the stream that are shown to people."""

_WORDS = 20
"""Number of lines shown when it failed without a diagnostic."""


class Terraform:
    """Terraform or OpenTofu, as installed here."""

    def __init__(self, access: Access, program: Program) -> None:
        self._program = program
        self._access = access
        self._planned: dict[Path, str] = {}
        """Plan file to the digest of the plan in it."""
        self._version = ""

    @classmethod
    def open(cls, settings: Settings, access: Access) -> Self:
        """The program with the environment's access."""
        return cls(access, PROGRAMS[settings.program])

    def reach(self) -> None:
        """Ask which account the credentials of its providers belong to."""
        aws.of(self._access).reach()

    def identity(self) -> Mapping[str, Json]:
        """The account, the program and its version: another one may plan differently for the same files."""
        self._version = self._version or self._program.version(process.inherited(self._access))
        return {**aws.of(self._access).identity(), "engine": self._version}

    def plan(self, stage: StageRoot, listener: Listener) -> Plan:
        """Plan into a file and read it back: an apply does exactly what is in the file.

        Terraform reads everything in its state before it compares; so nothing is unseen.
        """
        self._initialise(stage, listener)
        kept = _plan_file(stage)
        self._forget(kept)
        weakref.finalize(self, kept.unlink, missing_ok=True)
        gone: list[Event] = []
        status, errors = self._run(
            stage, listener, "plan", out=str(kept), detailed_exitcode=FLAG, input=False, lock_timeout="5s",
            heard_too=lambda event: gone.append(event) if _is_gone(event) else None,
        )  # fmt: skip
        if status not in {0, _CHANGED}:
            self._forget(kept)
            raise self._failed(ProviderFailed, "plan", stage, errors)
        # What is gone, and in no code any more, is no change to Terraform, which drops it from the state in silence.
        shown = json.loads(self._process(stage, QUIET).answer("show", str(kept), json=FLAG)) if status or gone else {}
        if status == 0 and not vanished(shown):
            self._forget(kept)
            return Plan()
        plan = plan_from(shown, self._program.command)
        self._planned[kept] = plan.digest
        return plan

    def apply(self, stage: StageRoot, plan: Plan, listener: Listener) -> None:
        """Apply the file of the last plan, which must be this plan."""
        kept = _plan_file(stage)
        if self._planned.get(kept) != plan.digest or not kept.exists():
            raise ProviderFailed(f"{stage.name}: this is not the plan that was made last", remedy="plan again")
        try:
            status, errors = self._run(stage, listener, "apply", str(kept), input=False)
        finally:
            self._forget(kept)
        if status:
            raise self._failed(ApplyFailed, "apply", stage, errors)

    def outputs(self, stage: StageRoot) -> Mapping[str, Json]:
        """The output `contract`, as the state has it."""
        state = self._state(stage).read()
        output = state["outputs"].get("contract") if state else None
        if output is None:
            raise ProviderFailed(
                f"the stage {stage.name} has no contract yet",
                where=self._state(stage).place,
                remedy=f'apply {stage.name} first; its root needs an `output "contract"`',
            )
        if output.get("sensitive"):
            raise ProviderFailed(
                f"the contract of {stage.name} is sensitive",
                where=str(stage.root),
                remedy="hand names and addresses on, and secrets through the secret store",
            )
        return dict(output["value"])

    def unmanaged(self, stage: StageRoot) -> Mapping[str, str | None]:
        """Each live resource of the stage to the reason why it is unmanaged; nothing before the first apply."""
        state = self._state(stage).read()
        if state is None:
            return {}
        beside = (self._state(replace(stage, name=name)).read() for name in stage.beside)
        others = [other for other in beside if other is not None]
        return coverage.live_and_managed(state, others, stage, aws.of(self._access))

    def unlock(self, stage: StageRoot, lock_id: str) -> None:
        """Release this state lock; does nothing when it is free, or another lock is held."""
        state = self._state(stage)
        if state.lock_id() == lock_id and not state.unlock(lock_id):
            self._initialise(stage, QUIET)
            self._process(stage, QUIET).answer("force-unlock", lock_id, force=FLAG)

    def state_id(self, stage: StageRoot) -> str | None:
        """The lineage that Terraform gave the state when it first wrote it."""
        state = self._state(stage).read()
        return None if state is None else str(state["lineage"])

    def _initialise(self, stage: StageRoot, listener: Listener) -> None:
        """Run `init`, if backend, lock file or code have changed since the last one here."""
        state = self._state(stage)
        state.require()
        root.require_for(self._program, stage)
        stage.workdir.mkdir(parents=True, exist_ok=True, mode=0o700)
        _, source = self._configuration(stage)
        done, data = stage.workdir / "initialised", _data(stage)
        with suppress(FileNotFoundError):
            if data.is_dir() and done.read_text() == root.fingerprint(stage, state.backend, data, self._program):
                return
        done.unlink(missing_ok=True)
        listener.progress(f"{stage.name}: {self._program.command} init, {source}")
        status, errors = self._run(
            stage, listener, "init", input=False, lockfile="readonly", reconfigure=FLAG, backend_config=state.backend
        )
        if status:
            raise self._failed(ProviderFailed, "init", stage, errors)
        installed.require(stage, data)
        done.write_text(root.fingerprint(stage, state.backend, data, self._program))

    def _run(
        self,
        stage: StageRoot,
        listener: Listener,
        command: str,
        *arguments: str,
        heard_too: Callable[[Event], None] = lambda _event: None,
        **options: Json,
    ) -> tuple[int, list[diagnostics.Diagnostic]]:
        """Run a command to its end and pass on its progress; returns its exit status and its error diagnostics."""
        secrets = root.secrets(stage)
        errors: list[diagnostics.Diagnostic] = []
        words: list[str] = []

        def heard(event: Event) -> None:
            message = diagnostics.redacted(str(event.get("@message", "")), secrets)
            kind, diagnostic = event.get("type"), event.get("diagnostic")
            heard_too(event)
            if diagnostic and diagnostic["severity"] == "error":
                errors.append(diagnostic)
            elif kind == "text":
                words.append(message)
            elif diagnostic or (kind in _TOLD and event.get("hook", {}).get("action") != "read"):
                listener.progress(f"{stage.name}: {message}")

        status = self._process(stage, listener).stream(heard, command, *arguments, **options)
        # A crash prints outside of the stream; if there is a diagnostic, its stack trace is noise.
        return status, errors or [{"summary": line} for line in words[:_WORDS] if line.strip()]

    def _failed(
        self, kind: type[ProviderFailed], command: str, stage: StageRoot, errors: list[diagnostics.Diagnostic]
    ) -> ProviderFailed:
        error = diagnostics.error(kind, f"{self._program.command} {command}", stage, errors, root.secrets(stage))
        return self._state(stage).locked(error) if isinstance(error, StateLocked) else error

    def _process(self, stage: StageRoot, listener: Listener) -> TerraformProcess:
        environment = {
            "TF_DATA_DIR": str(_data(stage)),
            "TF_CLI_CONFIG_FILE": str(self._configuration(stage)[0]),
            "TF_IN_AUTOMATION": "1",
            "TF_WORKSPACE": "default",  # whatever a file among Terraform's own says
            **self._state(stage).variables,
            **root.inputs(stage),
        }
        return TerraformProcess(stage.root, environment, self._access, listener.started, program=self._program)

    def _state(self, stage: StageRoot) -> State:
        return state_of(stage, self._access, self._program)

    def _configuration(self, stage: StageRoot) -> tuple[Path, str]:
        return cli_configuration.configuration(stage.workdir, self._access, self._program)

    def _forget(self, kept: Path) -> None:
        self._planned.pop(kept, None)
        kept.unlink(missing_ok=True)


def _plan_file(stage: StageRoot) -> Path:
    return stage.workdir.resolve() / "plan.tfplan"


def _data(stage: StageRoot) -> Path:
    return stage.workdir.resolve() / "data"


def _is_gone(event: Event) -> bool:
    """Whether a plan says that a resource of the state was not found."""
    return event.get("type") == "resource_drift" and event["change"]["action"] == "delete"
