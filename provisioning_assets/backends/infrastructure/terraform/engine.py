"""Terraform: plans, applies and reads one stage.

Values of resources never leave this back end; names do. A plan is kept until it is applied, or this process ends.
"""

import json
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from provisioning_assets.backends.infrastructure import Progress, StageRoot
from provisioning_assets.backends.infrastructure.terraform import (
    cli_configuration,
    coverage,
)
from provisioning_assets.backends.infrastructure.terraform import (
    diagnostics as terraform_diagnostics,
)
from provisioning_assets.backends.infrastructure.terraform import (
    process as terraform_process,
)
from provisioning_assets.backends.infrastructure.terraform import (
    root as terraform_root,
)
from provisioning_assets.backends.infrastructure.terraform import (
    state as terraform_state,
)
from provisioning_assets.backends.infrastructure.terraform.plan_json import plan_from
from provisioning_assets.backends.infrastructure.terraform.process import FLAG, Event, TerraformProcess
from provisioning_assets.core.plan import Json, Plan
from provisioning_assets.errors import ApplyFailed, ProviderFailed

_CHANGED = 2
"""Status of `plan -detailed-exitcode` when there is something to do."""

_TOLD = {"apply_start", "apply_progress", "apply_complete", "apply_errored", "change_summary"}
"""Events of the stream that a person wants to see."""

_WORDS = 20
"""Lines that are shown of a Terraform that failed without a diagnostic."""


class Terraform:
    """The engine. `on_start` hears the number of each process that may write, before it does anything."""

    def __init__(self, on_start: Callable[[int], None] = lambda _pid: None) -> None:
        self._on_start = on_start
        self._planned: dict[Path, str] = {}
        """Digest of the plan that is kept in each plan file."""
        self._version = ""

    def plan(self, stage: StageRoot, progress: Progress) -> Plan:
        """Plan into a file and read that file back: what it says is what an apply would do."""
        self._initialise(stage, progress)
        kept = _plan_file(stage)
        self._forget(kept)
        weakref.finalize(self, kept.unlink, missing_ok=True)
        status, errors = self._run(
            stage, progress, "plan", out=str(kept), detailed_exitcode=FLAG, input=False, lock_timeout="5s"
        )
        if status not in {0, _CHANGED}:
            self._forget(kept)
            raise terraform_diagnostics.error(ProviderFailed, "plan", stage, errors, terraform_root.secrets(stage))
        if status == 0:
            self._forget(kept)
            return Plan()
        plan = plan_from(json.loads(self._process(stage).answer("show", str(kept), json=FLAG)))
        self._planned[kept] = plan.digest
        return plan

    def apply(self, stage: StageRoot, plan: Plan, progress: Progress) -> None:
        """Apply the file of the last plan, which must be this one."""
        kept = _plan_file(stage)
        if self._planned.get(kept) != plan.digest or not kept.exists():
            raise ProviderFailed(f"{stage.name}: this is not the plan that was made last", remedy="plan again")
        try:
            status, errors = self._run(stage, progress, "apply", str(kept), input=False)
        finally:
            self._forget(kept)
        if status:
            raise terraform_diagnostics.error(ApplyFailed, "apply", stage, errors, terraform_root.secrets(stage))

    def contract(self, stage: StageRoot) -> Mapping[str, Json]:
        """The output `contract`, as the state has it."""
        state = terraform_state.read(stage)
        output = state["outputs"].get("contract") if state else None
        if output is None:
            raise ProviderFailed(
                f"the stage {stage.name} has no contract yet",
                where=terraform_state.place(stage),
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
        """Each live thing that belongs to the stage, and why it is not managed; nothing before the first apply."""
        state = terraform_state.read(stage)
        return {} if state is None else coverage.live_and_managed(state, stage)

    def release_lock(self, stage: StageRoot, lock_id: str) -> None:
        """Release this state lock, by Terraform's own command; nothing to do when it is free, or another's."""
        if terraform_state.lock_id(stage) == lock_id:
            self._initialise(stage, lambda _line: None)
            self._process(stage).answer("force-unlock", lock_id, force=FLAG)

    def lineage(self, stage: StageRoot) -> str | None:
        """The identity that Terraform gave the state when it first wrote it."""
        state = terraform_state.read(stage)
        return None if state is None else str(state["lineage"])

    def version(self) -> str:
        """What another version plans for the same files may differ: evidence of one does not count for it."""
        self._version = self._version or terraform_process.version()
        return self._version

    def _initialise(self, stage: StageRoot, progress: Progress) -> None:
        """`terraform init`, if backend, lock file or code are not those of the last one here."""
        terraform_state.require_bucket(stage)
        stage.workdir.mkdir(parents=True, exist_ok=True, mode=0o700)
        _, source = cli_configuration.configuration(stage.workdir)
        done, data = stage.workdir / "initialised", _data(stage)
        with suppress(FileNotFoundError):
            if data.is_dir() and done.read_text() == terraform_root.fingerprint(stage, data):
                return
        done.unlink(missing_ok=True)
        progress(f"{stage.name}: terraform init, {source}")
        settings = terraform_root.backend(stage)
        status, errors = self._run(
            stage, progress, "init", input=False, lockfile="readonly", reconfigure=FLAG, backend_config=settings
        )
        if status:
            raise terraform_diagnostics.error(ProviderFailed, "init", stage, errors, terraform_root.secrets(stage))
        done.write_text(terraform_root.fingerprint(stage, data))

    def _run(
        self, stage: StageRoot, progress: Progress, command: str, *arguments: str, **options: Json
    ) -> tuple[int, list[terraform_diagnostics.Diagnostic]]:
        """Run a command to its end and pass its progress on; its status and its error diagnostics."""
        secrets = terraform_root.secrets(stage)
        errors: list[terraform_diagnostics.Diagnostic] = []
        words: list[str] = []

        def heard(event: Event) -> None:
            message = terraform_diagnostics.redacted(str(event.get("@message", "")), secrets)
            kind, diagnostic = event.get("type"), event.get("diagnostic")
            if diagnostic and diagnostic["severity"] == "error":
                errors.append(diagnostic)
            elif kind == "text":
                words.append(message)
            elif diagnostic or (kind in _TOLD and event.get("hook", {}).get("action") != "read"):
                progress(f"{stage.name}: {message}")

        status = self._process(stage).stream(heard, command, *arguments, **options)
        # A crash speaks outside of the stream; beside a diagnostic its stack traces are noise.
        return status, errors or [{"summary": line} for line in words[:_WORDS] if line.strip()]

    def _process(self, stage: StageRoot) -> TerraformProcess:
        environment = {
            "TF_DATA_DIR": str(_data(stage)),
            "TF_CLI_CONFIG_FILE": str(cli_configuration.configuration(stage.workdir)[0]),
            "TF_IN_AUTOMATION": "1",
            **terraform_root.inputs(stage),
        }
        return TerraformProcess(stage.root, environment, self._on_start)

    def _forget(self, kept: Path) -> None:
        self._planned.pop(kept, None)
        kept.unlink(missing_ok=True)


def _plan_file(stage: StageRoot) -> Path:
    return stage.workdir.resolve() / "plan.tfplan"


def _data(stage: StageRoot) -> Path:
    return stage.workdir.resolve() / "data"
