"""The lock of an environment: one writer, across runs, processes and machines.

It lies beside the environment's state and covers a whole run. A holder that is provably dead (same
host, its boot or its process is gone, its heartbeat silent) has its lock reclaimed, which is reported; any other lock
is broken only by an explicit command.
"""

import json
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
from pydantic import TypeAdapter, ValidationError

from provisioning_assets.backends.store import Store
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import LockHeld, ProvisioningError
from provisioning_assets.record.process import Process

HEARTBEAT = 5.0
"""Seconds between two heartbeats."""

SILENCE = 3 * HEARTBEAT
"""Seconds without a heartbeat after which a holder whose process is gone is dead. A copied machine can have the
host, the boot and the process numbers of another one; the other one's heart goes on beating."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock, since when, and which processes write on its behalf."""

    token: str
    run: str
    host: str
    boot: str
    process: Process
    since: datetime
    heartbeat: datetime
    children: tuple[Process, ...] = ()

    @property
    def host_name(self) -> str:
        """Name of the host, as other tools know it, too."""
        return self.host.partition("/")[0]

    def gone(self) -> bool:
        """True when the process is not on this host any more; False when it is, or is on another host."""
        host, boot = _here()
        return self.host == host and (self.boot != boot or not self.process.alive())

    def dead(self) -> bool:
        """True only when it can be proven: the process is gone, and nobody beats in its name."""
        return self.gone() and self._silent()

    def going_on(self) -> bool:
        """True while its process runs on this host; on another one, while its heart beats."""
        here = self.host == _here()[0]
        return not self.gone() and (here or not self._silent())

    def _silent(self) -> bool:
        return abs((datetime.now(UTC) - self.heartbeat).total_seconds()) > SILENCE

    def at_work(self) -> list[Process]:
        """Its processes that run on this host now, those that write on its behalf included."""
        host, boot = _here()
        here = self.host == host and self.boot == boot
        return [process for process in (self.process, *self.children) if here and process.alive()]

    def __str__(self) -> str:
        since, beat = (t.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") for t in (self.since, self.heartbeat))
        return f"run {self.run} (process {self.process.pid} on {self.host_name}) since {since}, last heartbeat {beat}"


_HOLDER = TypeAdapter(Holder)


def _here() -> tuple[str, str]:
    """This host and its boot. Containers of one machine have process numbers of their own: another host."""
    machine, namespace = Path("/etc/machine-id"), Path("/proc/self/ns/pid")
    boot = Path("/proc/sys/kernel/random/boot_id")
    parts = [socket.gethostname()]
    parts += [machine.read_text().strip()] if machine.exists() else []
    parts += [str(namespace.stat().st_ino)] if namespace.exists() else []
    return "/".join(parts), boot.read_text().strip() if boot.exists() else f"{psutil.boot_time():.0f}"


class EnvironmentLock:
    """Held from `acquire` to `release`; a thread keeps its heartbeat fresh meanwhile."""

    def __init__(self, store: Store, key: str, *, run: str, environment: str) -> None:
        self._store = store
        self._key = key
        self._run = run
        self._environment = environment
        self._mine: Holder | None = None
        self._mutex = threading.Lock()
        self._stop = threading.Event()
        self._beat: threading.Thread | None = None

    def acquire(self, *, wait: float, progress: Callable[[str], None]) -> Holder | None:
        """Take the lock, waiting at most `wait` seconds; the dead holder whose lock was reclaimed, if any.

        `LockHeld` names who holds it. After that, the dead run's own children (Terraform) may still
        be writing: the caller waits for them.
        """
        told: list[str] = []

        def attempt() -> tuple[bool, Holder | None]:
            taken, holder = self._attempt()
            if not taken and holder and holder.token not in told:
                told.append(holder.token)
                gone = ", whose process is gone: is its heartbeat silent, too?" if holder.gone() else ""
                progress(f"{self._environment} is held by {holder}{gone}; waiting up to {wait:.0f} s")
            return taken, holder

        taken, holder = settle(attempt, done=lambda answer: answer[0], within=wait, every=0.5)
        if not taken:
            raise self._held(holder)
        self._stop.clear()
        self._beat = threading.Thread(target=self._keep_beating, name=f"lock {self._environment}", daemon=True)
        self._beat.start()
        return holder

    def check(self) -> None:
        """Raise unless the lock is still ours; called before each write."""
        holder = self.holder()
        if self._mine is None or holder is None or holder.token != self._mine.token:
            raise LockHeld(
                f"the lock of {self._environment} is no longer ours: nothing more is written",
                [f"held by {holder}" if holder else "somebody removed it"],
                remedy="find out who broke the lock, then run again: the next run observes and converges",
            )

    def add_child(self, process: Process) -> None:
        """Record a process that writes for us and may outlive us; `LockHeld` when the lock is no longer ours."""
        self._update(lambda mine: replace(mine, children=(*(c for c in mine.children if c.alive()), process)))
        self.check()

    def holder(self) -> Holder | None:
        """Who holds the lock now."""
        found = self._store.read(self._key)
        return None if found is None else self._parsed(found[0])

    def held_by(self, run: str) -> bool:
        """Whether this run holds the lock and is still going on; a lock that cannot be read tells of nobody."""
        with suppress(ProvisioningError):
            holder = self.holder()
            return holder is not None and holder.run == run and holder.going_on()
        return False

    def release(self) -> None:
        """Give the lock back; does nothing when it is not ours."""
        self._stop.set()
        if self._beat is not None:
            self._beat.join()
            self._beat = None
        with self._mutex:
            mine, self._mine = self._mine, None
            found = self._store.read(self._key) if mine is not None else None
            if mine is not None and found is not None and self._parsed(found[0]).token == mine.token:
                self._store.delete(self._key, version=found[1])

    def break_it(self) -> Holder | None:
        """Remove somebody's lock, by a person's explicit wish, readable or not; whose it was."""
        while (found := self._store.read(self._key)) is not None:
            if self._store.delete(self._key, version=found[1]):
                try:
                    return self._parsed(found[0])
                except ProvisioningError:
                    now = datetime.now(UTC)
                    return Holder("", "of an unreadable lock", "unknown", "", Process(0, 0), now, now)
        return None

    def _attempt(self) -> tuple[bool, Holder | None]:
        host, boot = _here()
        now = datetime.now(UTC)
        mine = Holder(secrets.token_hex(8), self._run, host, boot, Process.this(), now, now)
        found = self._store.read(self._key)
        previous = None if found is None else self._parsed(found[0])
        if previous is not None:
            if not previous.dead():
                return False, previous
            mine = replace(mine, children=tuple(previous.at_work()))
        self._mine = mine  # before it is written: an interrupt amid the write leaves a lock that `release` finds
        if found is None:
            taken = self._store.create(self._key, _content(mine))
        else:
            taken = self._store.replace(self._key, _content(mine), version=found[1])
        if not taken:
            self._mine = None
        return taken, previous

    def _update(self, change: Callable[[Holder], Holder]) -> None:
        """Change what the lock says, as long as it is ours; `check` tells, before the next write, that it is not."""
        with self._mutex:
            while self._mine is not None:
                found = self._store.read(self._key)
                if found is None or self._parsed(found[0]).token != self._mine.token:
                    return
                changed = change(self._mine)
                if self._store.replace(self._key, _content(changed), version=found[1]):
                    self._mine = changed
                    return

    def _keep_beating(self) -> None:
        while not self._stop.wait(HEARTBEAT):
            try:
                self._update(lambda mine: replace(mine, heartbeat=datetime.now(UTC)))
            except ProvisioningError:
                continue  # a missed beat is visible in the lock's age; `check` decides before each write

    def _parsed(self, content: bytes) -> Holder:
        try:
            return _HOLDER.validate_json(content)
        except ValidationError:
            raise ProvisioningError(
                f"the lock of {self._environment} cannot be read: whoever holds it is unknown",
                where=self._key,
                remedy="make sure that nobody writes, then: provisioning unlock ENGAGEMENT ENVIRONMENT",
            ) from None

    def _held(self, holder: Holder | None) -> LockHeld:
        return LockHeld(
            f"{self._environment} is being written by another run",
            [f"held by {holder}" if holder else "another run took the lock at this moment"],
            remedy="wait for it to end; if its machine is gone for good: provisioning unlock ENGAGEMENT ENVIRONMENT",
        )


def _content(holder: Holder) -> bytes:
    return json.dumps(asdict(holder), default=str).encode()
