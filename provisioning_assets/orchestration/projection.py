"""Dagster's view, kept true: what it shows of each check is compared with the record, both ways, and corrected.

Dagster knows nothing of age, of what an edit changed, of another account, nor who reported a result.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg

from provisioning_assets.backends.access import process_variables
from provisioning_assets.core.evidence import State
from provisioning_assets.engagement.loading import find_engagements
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.orchestration import files
from provisioning_assets.orchestration.conclusions import CONCLUSIONS
from provisioning_assets.orchestration.recorded import Recorded
from provisioning_assets.orchestration.results import Result, results
from provisioning_assets.orchestration.shown import MARK, SEEN, Shown
from provisioning_assets.runs.profiles import folders
from provisioning_assets.runs.task import LAST_RUN

PATIENCE, LESS = 10.0, 1.0
"""Seconds that a look gives an environment; and after one has not answered, to each other."""

logger = logging.getLogger("provisioning")


class CodeChanged(ProvisioningError):
    """This process has loaded other code than there is now: it cannot tell what counts."""


class Projection:
    """Dagster's view of every engagement below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = "", ""
        self._code = files.own()
        self._recorded: dict[Path, Recorded] = {}
        """By folder; of one that is gone, too: what it left behind proves nothing any more."""

    def look(self, instance: dg.DagsterInstance) -> Iterator[dg.AssetCheckEvaluation]:
        """What Dagster must be told so that it shows what the record says; nothing when it does.

        One engagement after another, so that what hangs or fails with one keeps no other waiting. `CodeChanged` when
        our own code did; at the end, the first error that is none of an engagement's.
        """
        if files.own() != self._code:
            remedy = "end it, and start it again"
            raise CodeChanged("the code of provisioning_assets changed since this was started", remedy=remedy)
        self._notice()
        defect: Exception | None = None
        within = PATIENCE
        for recorded in self._recorded.values():
            try:
                yield from list(corrections(instance, recorded, within))
                within = LESS if recorded.away else within
            except Exception as error:
                logger.exception("%s: what is shown could not be compared with the record", recorded.folder.name)
                defect = defect or error
        if defect is not None:
            raise defect

    def _notice(self) -> None:
        """See what changed of the files."""
        repository = self._folder.parent
        seen = files.code(repository), files.fingerprint(*folders(repository, process_variables()))
        for recorded in self._recorded.values() if seen != self._seen else ():
            recorded.forget(servers=seen[1] != self._seen[1])
        self._seen = seen
        for each in find_engagements(self._folder):
            self._recorded.setdefault(each, Recorded(each))


def corrections(instance: dg.DagsterInstance, recorded: Recorded, within: float) -> Iterator[dg.AssetCheckEvaluation]:
    """What Dagster must be told of one engagement."""
    wanted = {each.key: each for each in recorded.shown(within)}
    for result in results(instance, wanted):
        must, found = _with_its_runs(wanted[result.key], result, recorded), result.evaluation
        if _about_to_look(result, recorded) or (found is not None and must.equals(found)):
            continue  # what a run finds is looked at when it has ended: told now, this would hide it
        forged = found is not None and found.passed and not must.passed and _forged(found, result, recorded)
        yield must.evaluation(
            result.last, "forged: Dagster showed a pass that the record does not have" if forged else ""
        )


def _about_to_look(result: Result, recorded: Recorded) -> bool:
    """Whether a run that lives is about to check it; Dagster takes a killed one for alive."""
    environment = recorded.environment(result.key)
    return result.planned_by is not None and environment is not None and environment.goes_on(result.planned_by)


def _with_its_runs(must: Shown, result: Result, recorded: Recorded) -> Shown:
    """A materialization that no run of ours made speaks against the asset's runs."""
    environment = recorded.environment(result.key)
    if must.key.name != LAST_RUN or result.last is None or environment is None:
        return must
    run = result.last.run_id
    if environment.ran(must.key.asset_key.path[-1], run):
        return must
    who = f"the run {run}" if run else "somebody"
    said = f"forged: {who} reported a materialization that the record does not have"
    return replace(must, state=State.RED, reason=f"{said}. The record says: {must.reason}")


def _forged(found: dg.AssetCheckEvaluation, result: Result, recorded: Recorded) -> bool:
    """Whether a pass was never justified, rather than outlived."""
    if MARK not in found.metadata:
        return True
    seen, environment = found.metadata.get(SEEN), recorded.environment(result.key)
    if result.key.name in CONCLUSIONS or environment is None:
        return False
    asset = result.key.asset_key.path[-1]
    return seen is None or not environment.proves(asset, result.key.name, seen.value)
