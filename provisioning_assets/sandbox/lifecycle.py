"""Starts and stops the sandbox.

Only the command line knows the sandbox: it writes a profile, as a person does for a real account.
"""

import shlex
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
from filelock import FileLock

from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ProvisioningError, Unreachable
from provisioning_assets.sandbox import openbao, processes
from provisioning_assets.sandbox.processes import Folder, Member

REGION = "eu-central-1"
MEMBERS = ("aws", "openbao", "dns", "resolver", "edge", "alarms", "prober")
_LOST = {
    "aws": "its cloud was in memory and is empty now, the ledger and Terraform's state included",
    "openbao": "its secrets were in memory and are gone",
}
_AFRESH = "provisioning sandbox stop, then start again: the emulated cloud and its secrets begin empty"
_PATIENCE = 30
"""Seconds to wait for a member that does not answer."""


def start(path: Path, progress: Callable[[str], None]) -> list[Member]:
    """Start every member that is not running, and wait until all of them answer. A crashed member starts empty."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Folder(path.resolve())
    with _alone(folder):
        new = _not_running(folder, progress)
        ports = _ports(folder, new, progress)
        environment = _variables(folder, ports)
        profile = profile_file(path)
        profile.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items())
        Folder(profile.parent).write(profile.name, f"# Written by `provisioning sandbox start`.\n{lines}")
        # The edge and the two watchers need what the others bring up.
        for group in (("aws", "openbao", "dns", "resolver"), ("edge", "alarms", "prober")):
            wanted = [name for name in group if name in new]
            for name in wanted:
                processes.start(folder, name, _command(folder, name, ports), environment)
            # Also those that were running: a start that was killed may have left them before they answered.
            for name in group:
                _wait(folder, name, ports[name])
            if "openbao" in wanted:
                openbao.initialise(folder, environment["VAULT_ADDR"], f"127.0.0.1:{ports['dns']}")
    return status(path)


def stop(path: Path) -> list[Member]:
    """Stop every running member, the watchers first."""
    if path.is_dir():
        folder = Folder(path)
        with _alone(folder):
            processes.stop(folder, *reversed(MEMBERS))
    return status(path)


def status(path: Path) -> list[Member]:
    """Every member, with its address, its state and its process."""
    folder = Folder(path)
    ports = folder.ports(MEMBERS) if (path / "ports.json").exists() else {}
    members = []
    for name in MEMBERS:
        state, pid = processes.state_of(folder, name)
        members.append(Member(name, _address(name, ports[name]) if name in ports else "", state, pid))
    return members


def profile_file(path: Path) -> Path:
    """The file of the profile `sandbox`, with the addresses that environments and shells need."""
    return path.parent / "profiles" / "sandbox.env"


def _not_running(folder: Folder, progress: Callable[[str], None]) -> list[str]:
    """The members to start; progress says why, unless a member is simply new."""
    states = {name: processes.state_of(folder, name)[0] for name in MEMBERS}
    crashed = {name: "had crashed" for name, state in states.items() if state == "crashed"}
    if states["openbao"] == "running" and not _openbao_is_furnished(folder):
        processes.stop(folder, "openbao")
        crashed["openbao"] = "was sealed or only half set up"
    for name, word in crashed.items():
        progress(f"{name} {word} and is started again" + (f": {_LOST[name]}" if name in _LOST else ""))
    return [name for name in MEMBERS if states[name] == "stopped" or name in crashed]


def _openbao_is_furnished(folder: Folder) -> bool:
    address = f"http://127.0.0.1:{folder.ports(MEMBERS)['openbao']}"
    try:
        return openbao.furnished(folder, address)
    except requests.RequestException as error:
        raise Unreachable("the sandbox's openbao", address, cause=type(error).__name__, remedy=_AFRESH) from None


def _ports(folder: Folder, new: list[str], progress: Callable[[str], None]) -> dict[str, int]:
    """Each member's port; new ones if another program took one of them while no member was running."""
    ports = folder.ports(MEMBERS)
    lost = [f"{name} ({ports[name]})" for name in new if processes.taken(ports[name])]
    if not lost:
        return ports
    if len(new) < len(MEMBERS):
        raise ProvisioningError(f"another process holds the port of the sandbox's {', '.join(lost)}", remedy=_AFRESH)
    progress(f"another process holds the port of {', '.join(lost)}: the sandbox moves to new ports")
    folder.forget_ports()
    return folder.ports(MEMBERS)


def _variables(folder: Folder, ports: dict[str, int]) -> dict[str, str]:
    local = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    return {
        "AWS_ENDPOINT_URL": f"http://{local['aws']}",
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "VAULT_ADDR": f"http://{local['openbao']}",
        "VAULT_TOKEN_FILE": str(folder.path / openbao.TOKEN),
        "ACME_DIRECTORY_URL": f"http://{local['openbao']}/v1/pki/acme/directory",
        "SSL_CERT_FILE": str(folder.path / openbao.ANCHORS),
        "PROVISIONING_NAMESERVERS": local["dns"],
        "PROVISIONING_RESOLVERS": local["resolver"],
        "PROVISIONING_CONNECT_TO": f"*:443:{local['edge']}",
        "PROVISIONING_EMULATION": "sandbox",
    }


def _command(folder: Folder, name: str, ports: dict[str, int]) -> list[str]:
    port = str(ports[name])
    match name:
        case "aws":
            return [sys.executable, "-m", "provisioning_assets.sandbox.aws", port, f"127.0.0.1:{ports['dns']}"]
        case "openbao":
            return openbao.command(folder, ports[name])
        case "resolver":
            return processes.member_command(name, port, f"127.0.0.1:{ports['dns']}")
        case _:
            return processes.member_command(name, port)


def _address(name: str, port: int) -> str:
    scheme = {"aws": "http://", "openbao": "http://", "edge": "https://"}.get(name, "")
    return "" if name in {"alarms", "prober"} else f"{scheme}127.0.0.1:{port}"


def _wait(folder: Folder, name: str, port: int) -> None:
    """Wait until the member accepts connections, which it does when it is ready."""

    def well() -> bool | None:
        if processes.running(folder, name) is None:
            return None
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return name != "aws" or _answers(port)
        return False

    if not settle(well, done=lambda answer: answer is not False, within=_PATIENCE, every=0.05):
        raise processes.did_not_start(folder, name)


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/moto-api/config", timeout=5).ok
    except requests.RequestException:
        return False


@contextmanager
def _alone(folder: Folder) -> Iterator[None]:
    """One start or stop at a time."""
    with FileLock(folder.path / "lock", mode=0o600):
        yield
