"""Terraform: plans, applies and reads one stage.

Plans are kept only until they are applied; values of resources never leave this file, names do.
Machine-readable stream: https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from provisioning_assets.errors import ApplyFailed, ProviderFailed
from provisioning_assets.plan import Action, Change, Json, Plan
from provisioning_assets.providers import aws
from provisioning_assets.providers.infrastructure import Progress, StageRoot, StateLocked, cli_configuration
from provisioning_assets.providers.infrastructure.coverage import live_and_managed
from provisioning_assets.providers.infrastructure.terraform_process import FLAG, capture, command_line, follow

_CONTRACT = "contract"
_STATE_VERSION = 4
_ACTIONS = {
    ("create",): Action.CREATE,
    ("update",): Action.UPDATE,
    ("delete",): Action.DELETE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("forget",): Action.DELETE,
}


class Terraform:
    """The engine. `on_start` hears of each process that may write: its number and start time."""

    def __init__(self, on_start: Callable[[int, float], None] = lambda _pid, _at: None) -> None:
        self._on_start = on_start

    def plan(self, stage: StageRoot, progress: Progress) -> Plan:
        """Plan into a file, and read that file back: what it says is what an apply would do."""
        self._init(stage, progress)
        file = _plan_file(stage)
        file.unlink(missing_ok=True)
        code, problems = self._stream(
            stage, progress, "plan", out=str(file), detailed_exitcode=FLAG, input=False, json=FLAG, lock_timeout="5s"
        )
        if code == 0:
            file.unlink(missing_ok=True)
            return Plan()
        if code != 2 or not file.exists():  # noqa: PLR2004 - `-detailed-exitcode`: 2 means changes
            raise _failed(ProviderFailed, f"{stage.name}: terraform plan failed", stage, problems)
        file.chmod(0o600)
        shown = capture(
            self._command(stage, "show", str(file), json=FLAG), root=stage.root, environment=_environment(stage)
        )
        return Plan(tuple(_changes(shown)))

    def apply(self, stage: StageRoot, plan: Plan, progress: Progress) -> None:
        """Apply the file of the last plan."""
        file = _plan_file(stage)
        if not file.exists():
            raise ProviderFailed(f"{stage.name}: there is no plan to apply", remedy=f"plan first ({plan})")
        try:
            code, problems = self._stream(stage, progress, "apply", str(file), input=False, json=FLAG)
        finally:
            file.unlink(missing_ok=True)
        if code != 0:
            raise _failed(ApplyFailed, f"{stage.name}: terraform apply failed", stage, problems)

    def contract(self, stage: StageRoot) -> Mapping[str, Json]:
        """The output `contract`, as the state has it."""
        state = _state(stage)
        found = state["outputs"].get(_CONTRACT) if state else None
        if found is None or found.get("sensitive"):
            raise ProviderFailed(
                f"the stage {stage.name} has no contract yet",
                where=f"output `{_CONTRACT}` of {stage.root.name}",
                remedy=f"apply {stage.name} first; the output must not be sensitive",
            )
        return dict(found["value"])

    def unmanaged(self, stage: StageRoot) -> Mapping[str, str | None]:
        """Each live thing that belongs to the stage, and why it is not managed."""
        state = _state(stage)
        if state is None:
            return {}
        return live_and_managed(state, stage)

    def release_lock(self, stage: StageRoot) -> None:
        """Delete the lock object of the stage's state."""
        with aws.translated("S3"):
            client = aws.client("s3", stage.state["region"])
            client.delete_object(Bucket=stage.state["bucket"], Key=f"{stage.state['key']}.tflock")

    def lineage(self, stage: StageRoot) -> str | None:
        """The lineage that Terraform gave the state when it was first written."""
        state = _state(stage)
        return None if state is None else str(state["lineage"])

    def _init(self, stage: StageRoot, progress: Progress) -> None:
        """Initialise the working folder, unless it was for the same backend, provider lock and code."""
        stage.workdir.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark = stage.workdir / "initialised"
        files = sorted([*stage.root.glob("*.tf"), stage.root / ".terraform.lock.hcl"])
        made_of = hashlib.sha256(json.dumps(dict(stage.state), sort_keys=True).encode())
        for file in files:
            made_of.update(file.read_bytes())
        if mark.exists() and mark.read_text() == made_of.hexdigest() and (stage.workdir / "data").is_dir():
            return
        source = cli_configuration.write(stage.workdir / "terraform.tfrc")
        progress(f"{stage.name}: terraform init, providers from {source}")
        settings = {**stage.state, "use_lockfile": "true"}
        if os.environ.get("AWS_ENDPOINT_URL"):
            settings["use_path_style"] = "true"
        code, problems = self._stream(
            stage,
            progress,
            "init",
            json=FLAG,
            input=False,
            lockfile="readonly",
            reconfigure=FLAG,
            backend_config=settings,
        )
        if code != 0:
            raise _failed(ProviderFailed, f"{stage.name}: terraform init failed", stage, problems)
        mark.write_text(made_of.hexdigest())

    def _stream(
        self, stage: StageRoot, progress: Progress, command: str, *arguments: str, **options: Any
    ) -> tuple[int, list[dict[str, Json]]]:
        """Run a command to its end; its exit code and the errors that it told."""
        problems: list[dict[str, Json]] = []
        code = 1
        running = follow(
            self._command(stage, command, *arguments, **options),
            root=stage.root,
            environment=_environment(stage),
            output=stage.workdir / f"{command}.log",
            on_start=self._on_start,
        )
        for message in running:
            if isinstance(message, int):
                code = message
            elif message.get("@level") == "error":
                problems.append(message)
            elif message.get("type") in {"apply_complete", "apply_progress"} and message["hook"]["action"] != "read":
                progress(f"{stage.name}: {message['@message']}")
        return code, problems

    @staticmethod
    def _command(stage: StageRoot, command: str, *arguments: str, **options: Any) -> list[str]:
        return command_line(stage.root, command, *arguments, **options)


def _state(stage: StageRoot) -> Mapping[str, Json] | None:
    """The state as it lies in the bucket; it holds sensitive values and stays in memory.

    Read directly: `terraform show` takes four seconds to load the provider for the same answer.
    """
    with aws.translated("S3"):
        client = aws.client("s3", stage.state["region"])
        try:
            answer = client.get_object(Bucket=stage.state["bucket"], Key=stage.state["key"])
        except (client.exceptions.NoSuchKey, client.exceptions.NoSuchBucket):
            return None
        state: Mapping[str, Json] = json.loads(answer["Body"].read())
    if state["version"] != _STATE_VERSION:
        found, place = state["version"], f"s3://{stage.state['bucket']}/{stage.state['key']}"
        raise ProviderFailed(
            f"{stage.name}: state version {found} is unknown", where=place, remedy="use Terraform 1.11"
        )
    return state


def _plan_file(stage: StageRoot) -> Path:
    return stage.workdir / "plan.tfplan"


def _environment(stage: StageRoot) -> dict[str, str]:
    """Our own environment, without other settings of Terraform, and with the stage's variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    variables = {**stage.variables, **stage.upstream}
    given = {
        f"TF_VAR_{name}": value if isinstance(value, str) else json.dumps(value) for name, value in variables.items()
    }
    ours = {
        "TF_DATA_DIR": str(stage.workdir / "data"),
        "TF_CLI_CONFIG_FILE": str(stage.workdir / "terraform.tfrc"),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }
    return kept | given | ours


def _changes(shown: Mapping[str, Json]) -> Iterable[Change]:
    """Addresses, actions and names of attributes out of a plan; every value is left behind.

    A changed output counts when nothing else changes: with a resource it follows from that.
    """
    found = list(_resource_changes(shown))
    outputs = (name for name, c in shown.get("output_changes", {}).items() if c["actions"] != ["no-op"])
    return found or [Change(Action.UPDATE, f"output.{name}", {}, {}) for name in outputs]


def _resource_changes(shown: Mapping[str, Json]) -> Iterable[Change]:
    for resource in shown.get("resource_changes", []):
        change = resource["change"]
        action = _ACTIONS.get(tuple(change["actions"]))
        if action is None or resource["mode"] == "data":
            continue
        names = _differing(change["before"] or {}, change["after"] or {}, change.get("after_unknown") or {})
        before = None if action is Action.CREATE else dict.fromkeys(names)
        after = None if action is Action.DELETE else dict.fromkeys(names)
        yield Change(action, resource["address"], before, after, sensitive=frozenset(names))


def _differing(before: Mapping[str, Json], after: Mapping[str, Json], unknown: Mapping[str, Json]) -> list[str]:
    names = before.keys() | after.keys() | unknown.keys()
    return sorted(name for name in names if unknown.get(name) or before.get(name) != after.get(name))


def _failed(kind: type[ProviderFailed], what: str, stage: StageRoot, problems: list[dict[str, Json]]) -> ProviderFailed:
    """Terraform's own diagnostics as our error: address, file and line, and its words."""
    places, words = [], []
    for problem in problems:
        diagnostic = problem.get("diagnostic") or {}
        summary, detail = diagnostic.get("summary") or problem.get("@message", ""), diagnostic.get("detail", "")
        if "acquiring the state lock" in summary:
            return _locked(stage, detail)
        span = diagnostic.get("range")
        if span:
            places.append(f"{stage.root.name}/{span['filename']}:{span['start']['line']}")
        address = diagnostic.get("address")
        code = (diagnostic.get("snippet") or {}).get("code", "").strip()
        words.append(
            " ".join(part for part in (address and f"{address}:", summary, detail, code and f"[{code}]") if part)
        )
    return kind(
        what,
        where=", ".join(dict.fromkeys(places)),
        cause="; ".join(words)[:4000] or "Terraform ended without a word",
        remedy="correct what Terraform names, then run again: what was done is in the state, the rest is done next",
    )


def _locked(stage: StageRoot, detail: str) -> StateLocked:
    info = dict(re.findall(r"^\s*(ID|Who|Operation|Created):\s*(\S.*?)\s*$", detail, flags=re.MULTILINE))
    holder = (
        f"{info.get('Who', 'somebody')} for {info.get('Operation', 'an operation')} since {info.get('Created', '?')}"
    )
    return StateLocked(stage.name, holder, lock_id=info.get("ID", ""))
