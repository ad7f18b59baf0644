"""The command that serves the web interface."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated

import typer
from filelock import FileLock, Timeout

from provisioning_assets.cli import home, interrupts
from provisioning_assets.cli.arguments import Profile
from provisioning_assets.cli.console import follow_progress, tell
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.orchestration.listening import listen

_PORTS = {"min": 1, "max": 65535}


def ui(
    port: Annotated[int, typer.Option(help="Loopback port.", **_PORTS)] = 3000,
    read_only_port: Annotated[
        int | None, typer.Option(help="A second one, on which nothing can be changed.", **_PORTS)
    ] = None,
    profile: Profile = None,
) -> None:
    """Serve Dagster's web interface on loopback, with its daemon.

    It shows the graph, checks and schedules, and runs until it is ended (Ctrl-C). Pages of other sites cannot drive it
    (docs/front-door.md).

    Exit codes: 130 and 143 ended by SIGINT and SIGTERM; 1 when it cannot start, or a part of it ended by itself.
    """
    if port == read_only_port:
        raise ProvisioningError(f"port {port} cannot be both", remedy="--read-only-port NUMBER, another one")
    repository = home.repository()
    with ExitStack() as stack:
        writing, reading = stack.enter_context(listen(port)), None
        if read_only_port is not None:
            reading = stack.enter_context(listen(read_only_port, "--read-only-port"))
        stack.enter_context(_alone(f"http://127.0.0.1:{port}"))
        # Three seconds, for which a used port does not wait.
        from provisioning_assets.orchestration import front_door
        from provisioning_assets.orchestration.watching import keep_true

        def projection(serving: front_door.Serving) -> None:
            keep_true(repository / home.ENGAGEMENTS, serving.instance, serving.reload, serving.ended)

        follow_progress()
        os.chdir(repository)
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # A shell's background job: Dagster's processes would ignore SIGTERM, too.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        instance = stack.enter_context(home.instance())
        front_door.serve(instance, repository / "workspace.yaml", writing, reading, beside=[projection], tell=tell)
    sys.exit(interrupts.exit_code())


@contextmanager
def _alone(address: str) -> Iterator[None]:
    """One interface for an instance: Dagster's daemon works alone."""
    folder = home.dagster_home()
    lock, told = FileLock(folder / ".ui.lock"), folder / ".ui"
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise ProvisioningError(
            "the web interface of this repository is already served",
            where=told.read_text(encoding="utf-8") if told.is_file() else str(folder),
            cause="two daemons on one instance disturb each other",
            remedy="open that one, or end it first; for a second address: --read-only-port",
        ) from None
    with lock:
        told.write_text(address, encoding="utf-8")
        yield
