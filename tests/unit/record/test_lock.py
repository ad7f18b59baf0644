"""The environment's lock: one writer, and only what is provably dead is taken over."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from provisioning_assets.errors import LockHeld, ProvisioningError, Unreachable
from provisioning_assets.record.lock import SILENCE, EnvironmentLock, Holder, _content, _here
from provisioning_assets.record.process import Process
from tests.fakes.store import MemoryStore

KEY = "demo/staging/lock.json"


def lock(store, run="r1"):
    return EnvironmentLock(store, KEY, run=run, environment="demo-staging")


def holder(process=None, *, silent_for=60.0, **changes):
    host, boot = _here()
    beat = datetime.now(UTC) - timedelta(seconds=silent_for)
    return replace(Holder("t", "r0", host, boot, process or Process.this(), beat, beat), **changes)


def gone():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = Process.of(child.pid)
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


def test_an_interrupt_amid_its_write_leaves_a_lock_that_is_released():
    class Interrupted(MemoryStore):
        def create(self, key, content):
            super().create(key, content)
            raise KeyboardInterrupt

    store = Interrupted()
    ours = lock(store)
    with pytest.raises(KeyboardInterrupt):
        ours.acquire(wait=0, progress=silent)
    assert ours.holder() is not None
    ours.release()
    assert ours.holder() is None


def test_a_holder_whose_heart_beats_is_not_dead():
    """A copied machine has the same host and boot: the process is gone here, and at work there."""
    store = MemoryStore()
    store.create(KEY, _content(holder(gone(), silent_for=SILENCE - 5)))
    told = []
    with pytest.raises(LockHeld, match="run r0"):
        lock(store).acquire(wait=0.2, progress=told.append)
    (line,) = told
    assert "run r0" in line


def test_the_dead_ones_children_that_live_are_handed_on():
    store = MemoryStore()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        working = Process.of(child.pid)
        dead = holder(gone(), children=(gone(), working))
        store.create(KEY, _content(dead))
        mine = lock(store)
        assert mine.acquire(wait=0, progress=silent).at_work() == [working]
        assert mine.holder().children == (working,)
        assert not working.ended(within=0.1)
        child.communicate(b"\n")
        assert working.ended(within=5)
        mine.release()


def test_an_answer_that_was_lost_does_not_stop_the_heart():
    class Failing(MemoryStore):
        fails = False

        def read(self, key):
            if self.fails:
                raise Unreachable("S3", "nowhere")
            return super().read(key)

    store = Failing()
    mine = lock(store)
    mine.acquire(wait=0, progress=silent)
    store.fails = True
    with pytest.raises(Unreachable):
        mine.add_child(Process.this())
    store.fails = False
    mine.add_child(Process.this())
    assert mine.holder().children == (Process.this(),)
    mine.release()


def test_an_unreadable_lock_keeps_all_out_until_a_person_breaks_it():
    store = MemoryStore()
    store.create(KEY, b"{nonsense")
    mine = lock(store)
    with pytest.raises(ProvisioningError) as error:
        mine.acquire(wait=0, progress=silent)
    assert error.value.where == KEY
    assert "provisioning unlock" in error.value.remedy
    assert lock(store, run="person").break_it() is not None
    mine.acquire(wait=0, progress=silent)
    mine.release()


def test_a_child_is_not_started_under_a_lock_that_is_gone():
    store = MemoryStore()
    mine = lock(store)
    mine.acquire(wait=0, progress=silent)
    lock(store, run="person").break_it()
    with pytest.raises(LockHeld):
        mine.add_child(Process.this())
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
    with pytest.raises(LockHeld):
        mine.check()
    mine.release()


def test_children_that_live_are_kept_for_whoever_takes_over():
    store = MemoryStore()
    mine = lock(store)
    mine.acquire(wait=0, progress=silent)
    mine.add_child(gone())
    mine.add_child(Process.this())
    assert Process.this() in mine.holder().children
    mine.release()


@pytest.mark.parametrize(
    ("changes", "silent_for", "going_on"),
    [
        ({}, 0, True),
        ({}, 10 * SILENCE, True),  # its process is there to be seen
        ({"run": "another"}, 0, False),
        ({"process": "gone"}, 0, False),
        ({"boot": "1"}, 0, False),
        ({"host": "elsewhere"}, 0, True),
        ({"host": "elsewhere"}, 10 * SILENCE, False),
    ],
)
def test_a_run_goes_on_while_it_holds_the_lock_and_lives(changes, silent_for, going_on):
    store = MemoryStore()
    process = gone() if changes.pop("process", "") else None
    store.create(KEY, _content(holder(process, silent_for=silent_for, **changes)))
    assert lock(store, run="report").held_by("r0") is going_on


def test_a_lock_that_is_free_or_unreadable_is_held_by_nobody():
    store = MemoryStore()
    assert not lock(store).held_by("r0")
    store.create(KEY, b"{")
    assert not lock(store).held_by("r0")
