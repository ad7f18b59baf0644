"""Members of the sandbox as processes: started detached, recorded in a pidfile, stopped by ID and start time."""

import json
import os
import shutil
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import psutil

from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.record.process import Process

State = Literal["running", "stopped", "crashed"]
AGAIN = "provisioning sandbox stop ENGAGEMENT, then start it again"
"""What helps; without a name, `stop` ends every sandbox."""
_STOPPING = 5
"""Seconds that a member gets to stop by itself."""

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH")
"""Variables of the operator that members inherit: no secret, and none that leads to a real account."""


@dataclass(frozen=True, slots=True)
class Member:
    """One server of the sandbox."""

    name: str
    address: str
    state: State
    pid: int | None

    def as_json(self) -> dict[str, object]:
        """For `provisioning sandbox status --json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the sandbox keeps its files."""

    path: Path

    def pidfile(self, name: str) -> Path:
        """The file with the process ID of a member and its start time."""
        return self.path / f"{name}.pid"

    def log(self, name: str) -> Path:
        """The file with the output of a member."""
        return self.path / f"{name}.log"

    def fresh(self, name: str) -> Path:
        """An empty folder of a member's own."""
        folder = self.path / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return folder

    def write(self, name: str, content: str) -> Path:
        """Write a file atomically, readable only by its owner."""
        part, file = self.path / f"{name}.part", self.path / name
        descriptor = os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(content)
        return part.rename(file)

    def ports(self, names: tuple[str, ...]) -> dict[str, int]:
        """A port for each member, chosen once, so that a restarted member has the same address."""
        file = self.path / "ports.json"
        known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        missing = [name for name in names if name not in known]
        if missing:
            known |= dict(zip(missing, _free_ports(len(missing)), strict=True))
            self.write("ports.json", json.dumps(known, indent=2))
        return known

    def forget_ports(self) -> None:
        """Let the next call of `ports` choose new ones."""
        (self.path / "ports.json").unlink(missing_ok=True)


def _free_ports(count: int) -> list[int]:
    """Ports that are free for both TCP and UDP; all are held until the last is found, so that they differ."""
    held: list[socket.socket] = []
    ports: list[int] = []
    try:
        while len(ports) < count:
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            held.append(tcp)
            tcp.bind(("127.0.0.1", 0))
            port = int(tcp.getsockname()[1])
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            held.append(udp)
            with suppress(OSError):
                udp.bind(("127.0.0.1", port))
                ports.append(port)
    finally:
        for each in held:
            each.close()
    return ports


def taken(port: int) -> bool:
    """Whether another process holds the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, suppress(OSError):
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: ignore closed connections
        tcp.bind(("127.0.0.1", port))
        return False
    return True


def start(folder: Folder, name: str, command: list[str], environment: Mapping[str, str]) -> psutil.Process:
    """Start a member in a session of its own, so that it survives the shell that started it."""
    inherited = {variable: os.environ[variable] for variable in _INHERITED if variable in os.environ}
    output = os.open(folder.log(name), os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    try:
        pid = os.posix_spawn(
            command[0],
            command,
            {**inherited, **environment},
            setsid=True,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output, 1),
                (os.POSIX_SPAWN_DUP2, output, 2),
            ],
        )
    finally:
        os.close(output)
    started = psutil.Process(pid)
    folder.write(f"{name}.pid", json.dumps(asdict(Process.of(pid))))
    return started


def member_command(name: str, *arguments: str) -> list[str]:
    """The command of one of our own members."""
    return [sys.executable, "-m", "provisioning_assets.sandbox", name, *arguments]


def running(folder: Folder, name: str) -> psutil.Process | None:
    """The member's process, if that very process is still running."""
    recorded = _recorded(folder, name)
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(recorded.pid) if recorded and recorded.alive() else None
    return None


def state_of(folder: Folder, name: str) -> tuple[State, int | None]:
    """State and process ID of a member; crashed means that it was started and is gone."""
    if _recorded(folder, name) is None:
        return "stopped", None
    process = running(folder, name)
    return ("running", process.pid) if process else ("crashed", None)


def stop(folder: Folder, *names: str) -> None:
    """Stop members, in this order and concurrently, and forget those that have ended."""
    for end in (psutil.Process.terminate, psutil.Process.kill):
        for process in filter(None, (running(folder, name) for name in names)):
            with suppress(psutil.NoSuchProcess):
                end(process)
        if _ended(folder, names):
            break
    for name in names:
        if running(folder, name) is None:
            folder.pidfile(name).unlink(missing_ok=True)


def _ended(folder: Folder, names: tuple[str, ...]) -> bool:
    """Wait until none is running. A zombie has ended: in a container, nothing may reap it."""

    def some_run() -> bool:
        return any(running(folder, name) for name in names)

    return not settle(some_run, done=lambda running: not running, within=_STOPPING, every=0.02)


def say(line: str) -> None:
    """Write a line to a member's own log."""
    print(line, flush=True)  # noqa: T201 - its output is its log


def last_words(folder: Folder, name: str) -> str:
    """The end of a member's log, for an error message."""
    log = folder.log(name)
    return log.read_text(errors="replace")[-600:].strip() if log.exists() else ""


def did_not_start(folder: Folder, name: str) -> ProvisioningError:
    """The error for a member that did not start."""
    return ProvisioningError(
        f"the sandbox's {name} did not start",
        where=str(folder.log(name)),
        cause=last_words(folder, name) or "it printed nothing",
        remedy=AGAIN,
    )


def _recorded(folder: Folder, name: str) -> Process | None:
    file = folder.pidfile(name)
    return Process(**json.loads(file.read_text())) if file.exists() else None
