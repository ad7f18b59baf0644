"""One process of Terraform or OpenTofu at a time: python-terraform builds the command line, this follows its output.

Each process has a session of its own and writes to an unnamed file. If our process dies, it goes on, saves its
state and ends, and none of its output stays on the disk.
"""

import json
import os
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
from provisioning_assets.backends.access import PASS_ON, Access
from provisioning_assets.backends.infrastructure.terraform.program import TERRAFORM, Program
from provisioning_assets.errors import ProviderFailed

FLAG = IsFlagged
Event = Mapping[str, Any]
"""One line of the `-json` stream. https://developer.hashicorp.com/terraform/internals/machine-readable-ui"""

_GATED = ("/bin/sh", "-c", 'read -r _ && exec "$@" </dev/null')
"""Waits for a line on its input, then becomes what follows its own name. Without a line (we died), it ends and starts
nothing."""

_POLL = 0.2
_CLEAN_END = 120.0
_KEPT = ("TF_TOKEN_", "TF_PLUGIN_CACHE_DIR", "TF_REGISTRY_", "PG")
"""Prefixes of variables: tokens for registries, the cache of providers, and how to reach PostgreSQL."""
_STEERS = ("TF_", "TOFU_", "LD_")
"""Prefixes of variables that change what a command does: its arguments, variables, workspace, providers, libraries."""


@dataclass(frozen=True, slots=True)
class TerraformProcess:
    """How the program is started for one stage.

    `on_start` gets the ID of each process that may write, before the process does anything. `limit` is the number of
    seconds that one command may take.
    """

    root: Path
    environment: Mapping[str, str]
    access: Access
    on_start: Callable[[int], None]
    limit: float = 7200
    program: Program = TERRAFORM

    def stream(self, on_event: Callable[[Event], None], command: str, *args: str, **options: Any) -> int:
        """Run a command with `-json` output and pass on each event as it comes; returns the exit status."""
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
        """Run a command that only reads, and return its output, which is kept only in memory."""
        process = self._start(subprocess.PIPE, command, *args, **options)
        try:
            output, _ = process.communicate(b"\n", timeout=self.limit)
        except BaseException:
            _end(process)
            raise
        if process.returncode:
            # The output may hold values, so it is not shown.
            raise ProviderFailed(
                f"{self.program.command} {command} ended with status {process.returncode}", where=str(self.root)
            )
        return str(output.decode())

    def _start(self, output: IO[bytes] | int, command: str, *args: str, **options: Any) -> "subprocess.Popen[bytes]":
        binary = self.program.binary()
        untyped: Any = CommandLine
        writer = untyped(working_dir=self.environment["TF_DATA_DIR"], terraform_bin_path=binary)
        line: list[str] = writer.generate_cmd_string(command, *args, no_color=FLAG, **options)
        return subprocess.Popen(
            [*_GATED, self.program.command, *line],
            cwd=self.root,
            env={**inherited(self.access), **self.environment},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.DEVNULL if output == subprocess.PIPE else subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
        )

    def _until_ended(self, process: "subprocess.Popen[bytes]") -> Iterator[bool]:
        """Yield True while the process runs, then False for ever; `ProviderFailed` after the limit."""
        for _ in range(int(self.limit / _POLL)):
            try:
                process.wait(_POLL)
            except subprocess.TimeoutExpired:
                yield True
            else:
                break
        else:
            raise ProviderFailed(
                f"{self.program.command} did not end within {self.limit:.0f} s",
                where=str(self.root),
                remedy="look at what it waits for",
            )
        while True:
            yield False


def inherited(access: Access) -> dict[str, str]:
    """Variables that Terraform and its providers need, none that changes what a command does, and no version check."""
    steering = sorted(each for each in access.passed_on if each.startswith(_STEERS) and not each.startswith(_KEPT))
    if steering:
        raise ProviderFailed(
            "a variable would change what Terraform does, and no digest would see it",
            where=access.name,
            cause=f"{PASS_ON} names {', '.join(steering)}",
            remedy=f"take it out of {PASS_ON}: what a stage is made of stands in its code and in the engagement file",
        )
    return {**aws.of(access).variables, **access.for_child(*_KEPT), "CHECKPOINT_DISABLE": "1"}


def _open_gate(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None  # noqa: S101 - it was started with a pipe
    with suppress(BrokenPipeError):  # it has ended already: its exit status says so
        process.stdin.write(b"\n")
        process.stdin.close()


def _event(line: bytes) -> Event:
    """The event in a line; a line that is not JSON (a crash, a usage error) becomes a message."""
    text = line.decode(errors="replace")
    try:
        event = json.loads(text)
    except ValueError:
        event = None
    return event if isinstance(event, dict) else {"type": "text", "@message": text}


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask Terraform to stop, so that it saves its state and releases its lock; kill it if it does not."""
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
