"""Runs of our Dagster jobs from the command line: the same jobs as in the web interface, in this process."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from types import MappingProxyType

import dagster as dg

from provisioning_assets.cli import home, interrupts
from provisioning_assets.cli.console import COULD_NOT_TELL, NOT_READY
from provisioning_assets.cli.failures import Failure
from provisioning_assets.core.evidence import Evidence, Verdict
from provisioning_assets.core.items import Standing
from provisioning_assets.errors import Interrupted, ProvisioningError
from provisioning_assets.orchestration.conclusions import check_keys
from provisioning_assets.orchestration.definitions import load_definitions
from provisioning_assets.orchestration.failures import EXIT_CODE
from provisioning_assets.orchestration.names import REUSE, UNATTENDED, apply_job, drift_job
from provisioning_assets.record.entries import ApplyFinished, ApplyStarted, Entry
from provisioning_assets.record.process import Process
from provisioning_assets.report.names import one_of
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.opening import open_session
from provisioning_assets.runs.standings import standings

_PID, _STARTED = "provisioning/pid", "provisioning/process_started"
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended: its number, whether all of it succeeded, what failed, and the exit code for it."""

    run: str
    success: bool
    failures: tuple[Failure, ...]
    exit_code: int
    recorded: tuple[Entry, ...]
    """What it left in the ledger."""
    checked: frozenset[tuple[str, str]]
    """Asset and name of each item that the run came to."""

    @property
    def red(self) -> list[Evidence]:
        """Evidence against something, or for nothing."""
        return [entry for entry in self.recorded if isinstance(entry, Evidence) and not entry.finding.ready]


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of one engagement."""

    graph: Graph
    tell: Tell

    def apply(self, environment: str, assets: Sequence[str] = ()) -> Ran:
        """Provision an environment, or some of its assets, with their checks."""
        known = [task.name for task in self.graph.of(environment)]
        for asset in assets:
            if asset not in known:
                raise ProvisioningError(
                    f"{self._name}/{environment} has no asset `{asset}`", remedy=one_of(asset, known)
                )
        keys = {self._key(environment, asset) for asset in assets}
        checks = {key for key in self._checks(environment) if key.asset_key in keys}
        return self._run(environment, apply_job(self._name, environment), keys, checks)

    def check(self, environment: str, items: AbstractSet[tuple[str, str]] | None = None) -> Ran:
        """Run an environment's checks alone. Items by asset and name are checked anew, by a drill if they need one."""
        keys = self._checks(environment)
        checks = {key for key in keys if items is None or (key.asset_key.path[-1], key.name) in items}
        tags = {} if items is None else {REUSE: "false", UNATTENDED: "false"}
        return self._run(environment, drift_job(self._name, environment), set(), checks, tags)

    def standings(self, environment: str) -> list[Standing]:
        """Where every item that can be checked stands now."""
        found = standings(open_session(self.graph, environment, run="report"))
        return [standing for standing in found if not standing.item.planned]

    @property
    def _name(self) -> str:
        return self.graph.engagement.name

    def _key(self, environment: str, asset: str) -> dg.AssetKey:
        return dg.AssetKey([self._name, environment, asset])

    def _checks(self, environment: str) -> Iterator[dg.AssetCheckKey]:
        for task in self.graph.of(environment):
            yield from check_keys(self.graph, task)

    def _run(
        self,
        environment: str,
        job_name: str,
        keys: set[dg.AssetKey],
        checks: set[dg.AssetCheckKey],
        tags: Mapping[str, str] = MappingProxyType({}),
    ) -> Ran:
        job = load_definitions(home.repository() / home.ENGAGEMENTS).resolve_job_def(job_name)
        if keys or checks:
            job = job.get_subset(asset_selection=keys, asset_check_selection=checks)
        this = Process.this()
        tags = {**tags, _PID: str(this.pid), _STARTED: repr(this.started)}
        with home.instance() as instance:
            self._close_dead_runs(instance)
            result = job.execute_in_process(instance=instance, raise_on_error=False, run_config=_QUIET, tags=tags)
        failed = [] if interrupts.came() else list(_failures(result.all_events))
        recorded: tuple[Entry, ...] = ()
        try:
            recorded = self._recorded(environment, result.run_id)
        except ProvisioningError as error:
            # What stopped the run stands in the way of its record, too.
            if all(failure.exit_code != COULD_NOT_TELL for failure in failed):
                failed.append(Failure.of(error))
        if interrupts.came():
            raise _interrupted(environment, recorded)
        found = result.get_asset_check_evaluations()
        checked = frozenset((each.asset_key.path[-1], each.check_name) for each in found)
        told = {failure.words: failure for failure in failed}  # several steps may fail for the same reason
        ran = Ran(result.run_id, result.success, tuple(told.values()), 0, recorded, checked)
        return replace(ran, exit_code=_exit_code(ran, {failure.exit_code for failure in failed}))

    def _recorded(self, environment: str, run: str) -> tuple[Entry, ...]:
        ledger = open_session(self.graph, environment, run=run).ledger
        return tuple(entry for page in ledger.pages if page.run == run for entry in page.entries)

    def _close_dead_runs(self, instance: dg.DagsterInstance) -> None:
        """Mark runs of ours whose process is gone as failed: a killed one shows as running for ever."""
        unfinished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
        for run in instance.get_runs(unfinished):
            if _PID in run.tags and not Process(int(run.tags[_PID]), float(run.tags[_STARTED])).alive():
                instance.report_run_failed(run, message="its process is gone")
                self.tell(f"run {run.run_id} had been killed: it is marked as failed")


def _interrupted(environment: str, recorded: Sequence[Entry]) -> Interrupted:
    """What an interrupted run leaves in the record."""
    begun = [entry.asset for entry in recorded if isinstance(entry, ApplyStarted)]
    done = {entry.asset for entry in recorded if isinstance(entry, ApplyFinished)}
    halves = [asset for asset in begun if asset not in done]
    left = f"begun and not finished: {', '.join(halves)}" if halves else "no change was begun and not finished"
    cause = f"in the record: {len(recorded)} entries of this run; {left}"
    return Interrupted(f"{environment}: interrupted", cause=cause)


def _exit_code(ran: Ran, failed: set[int]) -> int:
    """An error weighs most, since it hides the answer; then what is not ready, then what nobody could tell."""
    if COULD_NOT_TELL in failed:
        return COULD_NOT_TELL
    if failed or any(evidence.finding.verdict is not Verdict.COULD_NOT_TELL for evidence in ran.red):
        return NOT_READY
    if ran.red:
        return COULD_NOT_TELL
    return 0 if ran.success else NOT_READY


def _failures(events: Sequence[dg.DagsterEvent]) -> Iterator[Failure]:
    """Why each step failed; a red blocking check is told by its item."""
    for event in events:
        if not event.is_step_failure:
            continue
        data = event.step_failure_data
        ours = data.user_failure_data
        if ours is not None and ours.description:
            parts = {name: each.value for name, each in ours.metadata.items() if name != EXIT_CODE}
            code = NOT_READY if ours.metadata[EXIT_CODE].value == NOT_READY else COULD_NOT_TELL
            yield Failure(ours.description, {**parts, "exit_code": code}, code)
        elif data.error is not None and "DagsterAssetCheckFailedError" not in data.error.message:
            yield Failure.of(ProvisioningError(data.error.message.strip()))
