"""A process that cannot be mistaken for a later one of the same number."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from provisioning_assets.core.settle import settle

_STATE, _STARTED = 0, 19
"""Fields 3 and 22 of /proc/PID/stat, counted after the name in brackets. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html"""


@dataclass(frozen=True, slots=True)
class Process:
    """Number and start of a process: ticks since boot where the system tells them, which no clock change moves."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Self:
        """The process that has this number now; `psutil.NoSuchProcess` when there is none."""
        stat = _stat(pid)
        return cls(pid, float(stat[_STARTED]) if stat else psutil.Process(pid).create_time())

    @classmethod
    def this(cls) -> Self:
        """The process that asks."""
        return cls.of(os.getpid())

    def alive(self) -> bool:
        """True while exactly this process runs (a zombie does not), or may run: one that hides counts as alive."""
        stat = _stat(self.pid)
        if stat:
            return float(stat[_STARTED]) == self.started and stat[_STATE] != "Z"
        try:
            process = psutil.Process(self.pid)
            return process.create_time() == self.started and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True

    def ended(self, *, within: float) -> bool:
        """Wait at most `within` seconds for its end, and say whether it has come."""
        return not settle(self.alive, done=lambda alive: not alive, within=within, every=0.2)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on; empty where there is no such file."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []
