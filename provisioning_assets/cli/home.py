"""Where a run writes: everything below `.provisioning/`, which git ignores."""

import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from filelock import FileLock

from provisioning_assets.errors import ProvisioningError

if TYPE_CHECKING:
    from dagster import DagsterInstance

ENGAGEMENTS = "engagements"


def repository() -> Path:
    """The repository that the command was called in: the nearest folder with `engagements/`."""
    here = Path.cwd()
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


def sandbox() -> Path:
    """The sandbox's folder."""
    return folder() / "sandbox"


def reports(engagement: str) -> Path:
    """Where an engagement's reports are written."""
    return folder() / "reports" / engagement


def dagster_home() -> Path:
    """Dagster's folder, with the repository's settings; an own DAGSTER_HOME, and what it has, is respected."""
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(folder() / "dagster")))
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


def _free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        probe.bind(("127.0.0.1", port))
        return True
    return False


def become_dagster(port: int) -> NoReturn:
    """Replace this process by `dagster dev`, on loopback."""
    if not _free(port):
        raise ProvisioningError(
            f"port {port} is taken",
            where=f"127.0.0.1:{port}",
            cause="another program, or another `provisioning ui`, listens there",
            remedy="end it, or take another one: provisioning ui --port NUMBER",
        )
    with instance():
        pass
    arguments = ["dagster", "dev", "-h", "127.0.0.1", "-p", str(port), "-w", str(repository() / "workspace.yaml")]
    os.chdir(repository())
    # Started in the background by a shell, it would ignore SIGINT, and Dagster then ignores SIGTERM, too.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(Path(sys.executable).with_name("dagster"), arguments)  # noqa: S606 - our own interpreter's neighbour
