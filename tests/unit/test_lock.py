"""The environment's lock: one writer, and only what is provably dead is taken over."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import psutil
import pytest

from provisioning_assets.errors import LockHeld
from provisioning_assets.lock import EnvironmentLock, Holder, Process, _content, _here
from provisioning_assets.providers.store.memory import MemoryStore

KEY = "demo/staging/lock.json"


def lock(store, run="r1"):
    return EnvironmentLock(store, KEY, run=run, environment="demo-staging")


def holder(process=None, **changes):
    host, boot = _here()
    now = datetime.now(UTC)
    return replace(Holder("t", "r0", host, boot, process or Process.this(), now, now), **changes)


def gone():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = Process(child.pid, psutil.Process(child.pid).create_time())
    child.communicate(b"\n")
    return process


def silent(_line):
    pass


def test_the_second_is_refused_and_told_who_holds_it():
    store = MemoryStore()
    first, second = lock(store), lock(store, run="r2")
    assert first.acquire(wait=0, progress=silent) is None
    told = []
    with pytest.raises(LockHeld, match="run r1"):
        second.acquire(wait=0.2, progress=told.append)
    assert f"process {os.getpid()}" in told[0]
    first.release()
    second.acquire(wait=0, progress=silent)
    second.release()


def test_the_second_gets_it_when_the_first_gives_it_back():
    store = MemoryStore()
    first, second = lock(store), lock(store, run="r2")
    first.acquire(wait=0, progress=silent)

    def release(_line):
        first.release()

    second.acquire(wait=5, progress=release)
    second.check()
    second.release()


@pytest.mark.parametrize("how", ["process", "boot"])
def test_a_dead_holder_is_taken_over_and_named(how):
    store = MemoryStore()
    dead = holder(gone()) if how == "process" else holder(boot="1")
    store.create(KEY, _content(dead))
    mine = lock(store, run="r1")
    assert mine.acquire(wait=0, progress=silent) == dead
    mine.check()
    mine.release()


def test_a_holder_on_another_host_is_never_taken_over():
    store = MemoryStore()
    store.create(KEY, _content(holder(gone(), host="elsewhere")))
    with pytest.raises(LockHeld, match="elsewhere"):
        lock(store).acquire(wait=0, progress=silent)


def test_a_reused_process_number_is_not_the_holder():
    assert not Process(os.getpid(), 1.0).alive()
    assert Process.this().alive()


def test_a_broken_lock_stops_the_next_write():
    store = MemoryStore()
    mine = lock(store)
    mine.acquire(wait=0, progress=silent)
    assert lock(store, run="person").break_it().run == "r1"
    with pytest.raises(LockHeld, match="no longer ours"):
        mine.check()
    mine.release()


def test_children_that_live_are_kept_for_whoever_takes_over():
    store = MemoryStore()
    mine = lock(store)
    mine.acquire(wait=0, progress=silent)
    mine.add_child(gone())
    mine.add_child(Process.this())
    assert mine.holder().children == (Process.this(),) or Process.this() in mine.holder().children
    mine.release()
