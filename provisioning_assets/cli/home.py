"""Where a run writes: everything below `.provisioning/`, which git ignores."""

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from provisioning_assets.errors import ProvisioningError

if TYPE_CHECKING:
    from dagster import DagsterInstance

ENGAGEMENTS = "engagements"
SANDBOX = "sandbox"
"""The profile that a sandbox writes; of others, the name begins with this and a `-`."""


def repository() -> Path:
    """The repository that the command was called in: the nearest folder with `engagements/`."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        remedy = "change into the repository, then call again"
        raise ProvisioningError("the folder that this was called in is gone", remedy=remedy) from None
    for folder in (here, *here.parents):
        if (folder / ENGAGEMENTS).is_dir() and (folder / "definitions.py").is_file():
            return folder
    raise ProvisioningError(
        "this is not a provisioning repository",
        where=str(here),
        cause=f"no folder here or above holds {ENGAGEMENTS}/ and definitions.py",
        remedy="change into the repository, then call again",
    )


def folder() -> Path:
    """`.provisioning/` of the repository."""
    return repository() / ".provisioning"


def sandbox(profile: str = SANDBOX) -> Path:
    """Folder of the sandbox that writes this profile."""
    return folder() / profile


def in_sandbox(profile: str | None) -> bool:
    """Whether a profile is one that a sandbox writes."""
    return f"{profile}-".startswith(f"{SANDBOX}-")


def sandboxes() -> list[Path]:
    """Folder of every sandbox that was ever started here; the demo's in any case."""
    return [sandbox(), *sorted({found.parent for found in folder().glob(f"{SANDBOX}-*/ports.json")} - {sandbox()})]


def reports(engagement: str) -> Path:
    """Where an engagement's reports are written."""
    return folder() / "reports" / engagement


def dagster_home() -> Path:
    """Dagster's folder, with the repository's settings; an own DAGSTER_HOME, and what it has, is respected."""
    home = Path(os.environ.get("DAGSTER_HOME") or folder() / "dagster").absolute()
    os.environ["DAGSTER_HOME"] = str(home)
    home.mkdir(parents=True, exist_ok=True)
    settings, ours = home / "dagster.yaml", repository() / "dagster.yaml"
    if not settings.exists():
        if not ours.exists():
            remedy = "restore the file: without it, Dagster would send its telemetry"
            raise ProvisioningError("Dagster's settings are missing", where=str(ours), remedy=remedy)
        shutil.copy(ours, settings)
    return home


@contextmanager
def instance() -> "Iterator[DagsterInstance]":
    """Dagster's instance. Its databases are made by one process at a time: two at once fail in the migration."""
    from dagster import DagsterInstance  # two seconds, which commands without a run do not wait for
    from sqlalchemy.exc import DatabaseError

    # An interrupt that comes while a connection closes would be told with its traceback; it ends the run all the same.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    home = dagster_home()
    with FileLock(home / ".lock"):
        try:
            made = DagsterInstance.get()
            made.get_runs(limit=1)
        except DatabaseError as error:
            raise ProvisioningError(
                "Dagster's database cannot be used",
                where=str(home),
                cause=str(error.orig),
                remedy="move the folder away and run again: what counts is in the record, not there",
            ) from None
    with made:
        yield made
