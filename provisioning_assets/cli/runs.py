"""Runs of our Dagster jobs from the command line: the same jobs as in the web interface, in this process."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from provisioning_assets.assets.loading import apply_job, drift_job, load_definitions
from provisioning_assets.assets.orchestration import EXIT_CODE, REUSE
from provisioning_assets.assets.task import Task
from provisioning_assets.cli import home
from provisioning_assets.cli.console import NOT_READY
from provisioning_assets.ledger import Entry
from provisioning_assets.lineage import Lineage
from provisioning_assets.lock import Process
from provisioning_assets.resources import open_session

_PID, _STARTED = "provisioning/pid", "provisioning/process_started"
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended: its number, whether all of it succeeded, what failed in words, and the exit code for it."""

    run: str
    success: bool
    failures: tuple[str, ...]
    exit_code: int


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of one engagement."""

    lineage: Lineage
    tasks: Mapping[tuple[str, str], Task]
    tell: Tell

    def apply(self, environment: str, assets: Sequence[str] = ()) -> Ran:
        """Provision an environment, or some of its assets, with their checks."""
        keys = {self._key(environment, asset) for asset in assets}
        checks = {key for key in self._checks(environment) if key.asset_key in keys}
        return self._run(apply_job(self._name, environment), keys, checks)

    def check(self, environment: str, item: str | None = None) -> Ran:
        """Run an environment's checks alone. One item by name is checked anew, however fresh its evidence."""
        checks = {key for key in self._checks(environment) if item in {None, key.name}}
        return self._run(drift_job(self._name, environment), set(), checks, reuse=item is None)

    def recorded(self, environment: str, run: str) -> list[Entry]:
        """What a run left in the ledger."""
        ledger = open_session(self.lineage, environment, run=run).ledger
        return [entry for page in ledger.pages if page.run == run for entry in page.entries]

    @property
    def _name(self) -> str:
        return self.lineage.engagement.name

    def _key(self, environment: str, asset: str) -> dg.AssetKey:
        return dg.AssetKey([self._name, environment, asset])

    def _checks(self, environment: str) -> Iterator[dg.AssetCheckKey]:
        for node in self.lineage.of(environment):
            for readiness in self.tasks[node.key].checks:
                yield dg.AssetCheckKey(self._key(environment, node.asset), readiness.item.name)

    def _run(self, job_name: str, keys: set[dg.AssetKey], checks: set[dg.AssetCheckKey], *, reuse: bool = True) -> Ran:
        job = load_definitions(home.repository() / home.ENGAGEMENTS).resolve_job_def(job_name)
        if keys or checks:
            job = job.get_subset(asset_selection=keys, asset_check_selection=checks)
        this = Process.this()
        tags = {_PID: str(os.getpid()), _STARTED: repr(this.started), REUSE: "true" if reuse else "false"}
        with home.instance() as instance:
            self._close_dead_runs(instance)
            result = job.execute_in_process(instance=instance, raise_on_error=False, run_config=_QUIET, tags=tags)
        failed = dict(_failures(result.all_events))
        # A red item alone is "not ready"; an error that hides the answer weighs more.
        code = 0 if result.success else min(failed.values(), default=NOT_READY)
        return Ran(result.run_id, result.success, tuple(failed), code)

    def _close_dead_runs(self, instance: dg.DagsterInstance) -> None:
        """Mark runs of ours whose process is gone as failed: a killed one shows as running for ever."""
        unfinished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
        for run in instance.get_runs(unfinished):
            if _PID in run.tags and not Process(int(run.tags[_PID]), float(run.tags[_STARTED])).alive():
                instance.report_run_failed(run, message="its process is gone")
                self.tell(f"run {run.run_id} had been killed: it is marked as failed")


def _failures(events: Sequence[dg.DagsterEvent]) -> Iterator[tuple[str, int]]:
    """The words of every failed step and its exit code; a red blocking check is told by its item."""
    for event in events:
        if not event.is_step_failure:
            continue
        data = event.step_failure_data
        ours = data.user_failure_data
        if ours is not None and ours.description:
            yield ours.description, NOT_READY if ours.metadata[EXIT_CODE].value == NOT_READY else 1
        elif data.error is not None and "DagsterAssetCheckFailedError" not in data.error.message:
            yield data.error.message.strip(), 1
