"""Starts and stops a sandbox: the servers that an engagement needs, in a folder of their own.

Only the command line knows it: it writes a profile, as a person does for a real account. The profile is called as the
folder is.
"""

import json
import shlex
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
from filelock import FileLock

from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ProvisioningError, Unreachable
from provisioning_assets.sandbox import openbao, processes
from provisioning_assets.sandbox.members import SERVERS, members_of
from provisioning_assets.sandbox.processes import Folder, Member
from provisioning_assets.sandbox.setup import DEMO, REGION, Setup, Wanted

__all__ = ["REGION", "profile_file", "start", "status", "stop"]

_AFRESH = f"{processes.AGAIN}: the emulated cloud and its secrets begin empty"
_WANTED = "wanted.json"
"""What the members of a sandbox were prepared for: one of the same name can be another program."""
_WRITTEN = "# Written by `provisioning sandbox start`.\n"
_PATIENCE = 30
"""Seconds to wait for a member that does not answer."""


def start(path: Path, progress: Callable[[str], None], wanted: Wanted = DEMO) -> list[Member]:
    """Start every member that is not running, and wait until all of them answer. A crashed member starts empty."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Folder(path.resolve())
    with _alone(folder):
        names = members_of(wanted)
        _require_the_same(folder, wanted)
        new = _not_running(folder, names, progress)
        setup = Setup(folder, _ports(folder, names, new, progress), wanted, progress)
        for name in new:
            if processes.state_of(folder, name)[0] == "stopped":
                _prepare(setup, name)
        environment = _write_profile(path, setup, names)
        for last in (False, True):
            group = [name for name in names if SERVERS[name].last is last]
            for name in group:
                if name in new:
                    server = SERVERS[name]
                    processes.start(folder, name, server.command(setup), {**environment, **server.own(setup)})
            # Also those that were running: a start that was killed may have left them before they answered.
            for name in group:
                _wait(setup, name)
            if "openbao" in group and "openbao" in new:
                openbao.initialise(folder, setup.http("openbao"), setup.at("dns"))
    return status(path)


def stop(path: Path) -> list[Member]:
    """Stop every running member, those that work with others first."""
    if path.is_dir():
        folder = Folder(path)
        with _alone(folder):
            processes.stop(folder, *reversed(_known(folder)))
    return status(path)


def status(path: Path, wanted: Wanted | None = None) -> list[Member]:
    """Every member, with its address, its state and its process; of what is wanted, none if it runs for another."""
    folder = Folder(path)
    ports = folder.ports(()) if (path / "ports.json").exists() else {}
    strange = wanted is not None and not _is_for(folder, wanted)
    members = []
    for name in members_of(wanted) if wanted else _known(folder):
        state, pid = ("stopped", None) if strange else processes.state_of(folder, name)
        members.append(Member(name, _address(name, ports[name]) if name in ports else "", state, pid))
    return members


def profile_file(path: Path) -> Path:
    """The profile of a sandbox, with the addresses that environments and shells need."""
    return path.parent / "profiles" / f"{path.name}.env"


def _known(folder: Folder) -> tuple[str, ...]:
    """The members of this sandbox, in the order in which they start; the demo's of one that never was."""
    if not (folder.path / "ports.json").exists():
        return members_of(DEMO)
    ports = folder.ports(())
    return tuple(name for name in SERVERS if name in ports)


def _purpose(wanted: Wanted) -> str:
    return json.dumps([sorted(wanted.products), sorted(wanted.zones) if "rfc2136" in wanted.products else []])


def _is_for(folder: Folder, wanted: Wanted) -> bool:
    kept = folder.path / _WANTED
    return kept.is_file() and kept.read_text(encoding="utf-8") == _purpose(wanted)


def _require_the_same(folder: Folder, wanted: Wanted) -> None:
    """A sandbox that runs for other products, or other zones, must end first: its members know each other."""
    if _is_for(folder, wanted):
        return
    known = _known(folder)
    if any(processes.running(folder, name) for name in known):
        raise ProvisioningError(
            "this sandbox runs for other products, or for other zones",
            where=str(folder.path),
            remedy=f"{processes.AGAIN}; or name another profile in one of the engagements",
        )
    processes.stop(folder, *known)  # forgets those that crashed, so that all are prepared anew
    folder.forget_ports()
    folder.write(_WANTED, _purpose(wanted))


def _prepare(setup: Setup, name: str) -> None:
    try:
        SERVERS[name].prepare(setup)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ProvisioningError(
            f"the sandbox's {name} could not be prepared",
            where=str(setup.folder.path),
            cause=str(error),
            remedy="see that packages of Debian and PyPI can be fetched (make servers), then start again",
        ) from None


def _write_profile(path: Path, setup: Setup, names: tuple[str, ...]) -> dict[str, str]:
    """The variables of the profile, which is written anew."""
    variables: dict[str, str] = {}
    for name in names:
        variables |= SERVERS[name].profile(setup)
    file = profile_file(path)
    if file.exists() and not file.read_text(encoding="utf-8").startswith(_WRITTEN):
        raise ProvisioningError(
            "this profile was written by a person", where=str(file), remedy="name another one in the engagement file"
        )
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())
    Folder(file.parent).write(file.name, _WRITTEN + lines)
    return variables


def _not_running(folder: Folder, names: tuple[str, ...], progress: Callable[[str], None]) -> list[str]:
    """The members to start; progress says why, unless a member is simply new."""
    states = {name: processes.state_of(folder, name)[0] for name in names}
    crashed = {name: "had crashed" for name, state in states.items() if state == "crashed"}
    if states.get("openbao") == "running" and not _openbao_is_furnished(folder):
        processes.stop(folder, "openbao")
        crashed["openbao"] = "was sealed or only half set up"
    for name, word in crashed.items():
        lost = SERVERS[name].lost
        progress(f"{name} {word} and is started again" + (f": {lost}" if lost else ""))
    return [name for name in names if states[name] == "stopped" or name in crashed]


def _openbao_is_furnished(folder: Folder) -> bool:
    address = f"http://127.0.0.1:{folder.ports(())['openbao']}"
    try:
        return openbao.furnished(folder, address)
    except requests.RequestException as error:
        raise Unreachable("the sandbox's openbao", address, cause=type(error).__name__, remedy=_AFRESH) from None


def _ports(folder: Folder, names: tuple[str, ...], new: list[str], progress: Callable[[str], None]) -> dict[str, int]:
    """Each member's port; new ones if another program took one of them while no member was running."""
    ports = folder.ports(names)
    lost = [f"{name} ({ports[name]})" for name in new if processes.taken(ports[name])]
    if not lost:
        return ports
    if len(new) < len(names):
        raise ProvisioningError(f"another process holds the port of the sandbox's {', '.join(lost)}", remedy=_AFRESH)
    progress(f"another process holds the port of {', '.join(lost)}: the sandbox moves to new ports, and begins empty")
    processes.stop(folder, *names)  # forgets that they crashed, so that all are prepared for the new ports
    folder.forget_ports()
    return folder.ports(names)


def _address(name: str, port: int) -> str:
    scheme = SERVERS[name].scheme
    return "" if scheme is None else f"{scheme}127.0.0.1:{port}"


def _wait(setup: Setup, name: str) -> None:
    """Wait until the member accepts connections, or answers, which it does when it is ready."""
    port, path = setup.ports[name], SERVERS[name].ready(setup)

    def well() -> bool | None:
        if processes.running(setup.folder, name) is None:
            return None
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return not path or _answers(f"http://127.0.0.1:{port}{path}")
        return False

    if not settle(well, done=lambda answer: answer is not False, within=_PATIENCE, every=0.05):
        raise processes.did_not_start(setup.folder, name)


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False


@contextmanager
def _alone(folder: Folder) -> Iterator[None]:
    """One start or stop at a time."""
    with FileLock(folder.path / "lock", mode=0o600):
        yield
