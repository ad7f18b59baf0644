"""One Terraform at a time: python-terraform builds the command line, this runs it and follows what it says.

Each Terraform has a session of its own and writes to a file that has no name. When our process dies, Terraform
goes on, saves its state and ends; nothing of its output stays on the disk.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from python_terraform import IsFlagged
from python_terraform import Terraform as CommandLine

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.errors import ProviderFailed

FLAG = IsFlagged
Event = Mapping[str, Any]
"""One line of the `-json` stream. https://developer.hashicorp.com/terraform/internals/machine-readable-ui"""

_GATED = ("/bin/sh", "-c", 'read -r _ && exec "$@" </dev/null', "terraform")
"""Waits for a line on its input, then becomes Terraform; without one (we died) it ends and nothing was started."""

_INSTALL = "install Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install"
_POLL = 0.2
_CLEAN_END = 120.0
_KEPT = ("TF_TOKEN_", "TF_PLUGIN_CACHE_DIR", "TF_REGISTRY_", "PG")
"""Beginnings of variables: tokens of registries, the cache of providers, and how PostgreSQL is reached."""


@dataclass(frozen=True, slots=True)
class TerraformProcess:
    """How Terraform is started for one stage.

    `on_start` hears the number of each process that may write, before it does anything. `limit` is in seconds, for
    one command.
    """

    root: Path
    environment: Mapping[str, str]
    access: Access
    on_start: Callable[[int], None]
    limit: float = 7200

    def stream(self, on_event: Callable[[Event], None], command: str, *args: str, **options: Any) -> int:
        """Run a command that speaks `-json`, hand on each event when it comes; returns the exit status."""
        with tempfile.TemporaryFile() as output:
            process = self._start(output, command, *args, json=FLAG, **options)
            rest, position = b"", 0
            try:
                self.on_start(process.pid)
                _open_gate(process)
                for running in self._until_ended(process):
                    read = os.pread(output.fileno(), 1 << 24, position)
                    position += len(read)
                    *lines, rest = (rest + read).split(b"\n")
                    for line in lines:
                        on_event(_event(line))
                    if not running and not read:
                        break
            except BaseException:
                _end(process)
                raise
            if rest.strip():
                on_event(_event(rest))
            return process.returncode

    def answer(self, command: str, *args: str, **options: Any) -> str:
        """Run a command that only reads, and return what it printed, which is kept in memory alone."""
        process = self._start(subprocess.PIPE, command, *args, **options)
        try:
            output, _ = process.communicate(b"\n", timeout=self.limit)
        except BaseException:
            _end(process)
            raise
        if process.returncode:
            # What was printed may hold values: it is not shown.
            raise ProviderFailed(f"terraform {command} ended with status {process.returncode}", where=str(self.root))
        return str(output.decode())

    def _start(self, output: IO[bytes] | int, command: str, *args: str, **options: Any) -> "subprocess.Popen[bytes]":
        binary = shutil.which("terraform")
        if binary is None:
            raise ProviderFailed(
                "there is no `terraform` on the PATH",
                remedy=_INSTALL,
            )
        untyped: Any = CommandLine
        writer = untyped(working_dir=self.environment["TF_DATA_DIR"], terraform_bin_path=binary)
        line: list[str] = writer.generate_cmd_string(command, *args, no_color=FLAG, **options)
        return subprocess.Popen(
            [*_GATED, *line],
            cwd=self.root,
            env={**inherited(self.access), **self.environment},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.DEVNULL if output == subprocess.PIPE else subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
        )

    def _until_ended(self, process: "subprocess.Popen[bytes]") -> Iterator[bool]:
        """True again and again while it runs, then False for ever; `ProviderFailed` after the limit."""
        for _ in range(int(self.limit / _POLL)):
            try:
                process.wait(_POLL)
            except subprocess.TimeoutExpired:
                yield True
            else:
                break
        else:
            raise ProviderFailed(
                f"terraform did not end within {self.limit:.0f} s",
                where=str(self.root),
                remedy="look at what it waits for",
            )
        while True:
            yield False


def inherited(access: Access) -> dict[str, str]:
    """What Terraform and its providers need, and nothing that changes what a command does; no asking for news of it."""
    return {**aws.of(access).variables, **access.for_child(*_KEPT), "CHECKPOINT_DISABLE": "1"}


def version(access: Access) -> str:
    """`Terraform 1.11.4`, or `none`."""
    binary = shutil.which("terraform")
    if binary is None:
        return "none"
    try:
        told = subprocess.run(
            [binary, "version", "-json"], env=inherited(access), capture_output=True, check=True, timeout=30
        )
        return f"Terraform {json.loads(told.stdout)['terraform_version']}"
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        raise ProviderFailed("terraform does not say which version it is", where=binary, remedy=_INSTALL) from None


def _open_gate(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None  # noqa: S101 - it was started with a pipe
    with suppress(BrokenPipeError):  # it ended meanwhile: its status says so
        process.stdin.write(b"\n")
        process.stdin.close()


def _event(line: bytes) -> Event:
    """An event; what is not JSON (a crash, a complaint about the command line) becomes a message."""
    text = line.decode(errors="replace")
    try:
        event = json.loads(text)
    except ValueError:
        event = None
    return event if isinstance(event, dict) else {"type": "text", "@message": text}


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask Terraform to stop, so that it saves its state and gives its lock back; kill it when it does not."""
    if process.stdin is not None:
        process.stdin.close()
    for asked, patience in ((signal.SIGINT, _CLEAN_END), (signal.SIGKILL, 10.0)):
        if process.poll() is not None:
            return
        os.killpg(process.pid, asked)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
