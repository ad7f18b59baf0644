"""Watching: Dagster's view is looked at after each run, after each change of a file, and twice a minute anyway."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg

from provisioning_assets.orchestration.files import code
from provisioning_assets.orchestration.projection import CodeChanged, Projection

EVERY = 30.0
"""Seconds between two looks where nothing happens."""

_BEAT, _PAUSE = 1.0, 10.0
"""Seconds from one look at the files to the next, and after a failure."""

_LATEST = 10.0
"""Seconds after a change at which the definitions are loaded again although files go on changing."""

_FAILURES = 3
"""So many looks may fail, one after another: a view that nobody keeps true must not be shown."""

logger = logging.getLogger("provisioning")


def keep_true(folder: Path, instance: dg.DagsterInstance, reload: Callable[[], None], ended: threading.Event) -> None:
    """Keep Dagster's view of the engagements below a folder true until it ended; raises when that cannot be done.

    `reload` makes Dagster read the definitions again, after the last of several changes.
    """
    projection, failed, due = Projection(folder), 0, 0.0
    seen = loaded = code(folder.parent)
    changed, run = 0.0, _newest_run(instance)
    while True:
        try:
            before, seen = seen, code(folder.parent)
            ran, run = run, _newest_run(instance)
            if seen != before or run != ran or time.monotonic() >= due:
                due = time.monotonic() + EVERY
                for each in projection.look(instance):
                    instance.report_runless_asset_event(each)
            changed = changed if seen != loaded and changed else time.monotonic()
            if seen != loaded and (seen == before or time.monotonic() - changed > _LATEST):
                loaded = seen
                reload()
            failed = 0
        except CodeChanged:
            raise
        except Exception:
            failed, due = failed + 1, 0.0
            logger.exception("Dagster's view could not be compared with the record (%d)", failed)
            if failed >= _FAILURES:
                raise
        if ended.wait(_BEAT if not failed else _PAUSE):
            return


def _newest_run(instance: dg.DagsterInstance) -> object:
    """The run that changed last, and how far it is."""
    newest = instance.get_run_records(limit=1, order_by="update_timestamp")
    return [(each.dagster_run.run_id, each.dagster_run.status, each.update_timestamp) for each in newest]
