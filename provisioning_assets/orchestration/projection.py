"""Dagster's view, kept true: what it shows of each check is compared with the record, both ways, and corrected.

Dagster knows nothing of age, of what an edit changed, of another account, nor who reported a result.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg

from provisioning_assets.backends.access import process_variables
from provisioning_assets.core.evidence import State
from provisioning_assets.engagement.loading import find_engagements
from provisioning_assets.orchestration.files import fingerprint
from provisioning_assets.orchestration.recorded import Recorded
from provisioning_assets.orchestration.results import Result, results
from provisioning_assets.orchestration.shown import MARK, SEEN, Shown
from provisioning_assets.runs.profiles import folders
from provisioning_assets.runs.task import LAST_RUN


class Projection:
    """Dagster's view of every engagement below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = "", ""
        self._recorded: dict[Path, Recorded] = {}

    def look(self, instance: dg.DagsterInstance) -> list[dg.AssetCheckEvaluation]:
        """What Dagster must be told so that it shows what the record says; empty when it does."""
        repository = self._folder.parent
        profiles = fingerprint(*folders(repository, process_variables()))
        files = fingerprint(repository)
        if (files, profiles) != self._seen:
            for recorded in self._recorded.values():
                recorded.forget(servers=profiles != self._seen[1])
            self._seen = files, profiles
        found = find_engagements(self._folder)
        self._recorded = {each: self._recorded.get(each) or Recorded(each) for each in found}
        return [each for recorded in self._recorded.values() for each in corrections(instance, recorded)]


def corrections(instance: dg.DagsterInstance, recorded: Recorded) -> Iterator[dg.AssetCheckEvaluation]:
    """What Dagster must be told of one engagement."""
    wanted = {each.key: each for each in recorded.shown()}
    for result in results(instance, wanted):
        must, found = _with_its_runs(wanted[result.key], result, recorded), result.evaluation
        if result.at_work or (found is not None and must.equals(found)):
            continue  # what a run finds is looked at when it has ended: told now, this would hide it
        forged = found is not None and found.passed and not must.passed and _forged(found, result, recorded)
        yield must.evaluation("forged: Dagster showed a pass that the record does not have" if forged else "")


def _with_its_runs(must: Shown, result: Result, recorded: Recorded) -> Shown:
    """A materialization that no run of ours made speaks against the asset's runs."""
    run = result.materialized_by
    if must.key.name != LAST_RUN or run is None or recorded.ran(must.key.asset_key, run):
        return must
    who = f"the run {run}" if run else "somebody"
    said = f"forged: {who} reported a materialization that the record does not have"
    return replace(must, state=State.RED, reason=f"{said}. The record says: {must.reason}")


def _forged(found: dg.AssetCheckEvaluation, result: Result, recorded: Recorded) -> bool:
    """Whether a pass was never justified, rather than outlived."""
    if MARK not in found.metadata:
        return True
    seen = found.metadata.get(SEEN)
    return seen is not None and not recorded.proves(result.key, seen.value)
