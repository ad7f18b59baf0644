"""Members are known by process number and start time: a number that was given out anew is somebody else's."""

import json
import os
import socket
import stat
import subprocess
import sys

import psutil
import pytest

from provisioning_assets.record.process import Process
from provisioning_assets.sandbox import processes
from provisioning_assets.sandbox.processes import Folder, Member

SLEEPER = [sys.executable, "-c", "import signal; signal.pause()"]
IGNORING = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)"
DEAF = [sys.executable, "-c", f"{IGNORING}\nwhile True: signal.pause()"]


@pytest.fixture
def folder(tmp_path):
    made = Folder(tmp_path)
    yield made
    processes.stop(made, "one")


def start(folder, command):
    return processes.start(folder, "one", command, {"PATH": os.environ["PATH"]})


def test_a_member_is_stopped_then_running_then_crashed(folder):
    assert processes.state_of(folder, "one") == ("stopped", None)
    process = start(folder, SLEEPER)
    assert processes.state_of(folder, "one") == ("running", process.pid)
    process.kill()
    process.wait(5)
    assert processes.state_of(folder, "one") == ("crashed", None)
    processes.stop(folder, "one")
    assert processes.state_of(folder, "one") == ("stopped", None)


def test_a_member_leads_a_session_of_its_own(folder):
    process = start(folder, SLEEPER)
    assert os.getsid(process.pid) == process.pid


def test_stop_leaves_a_process_that_got_the_number_later(folder):
    stranger = subprocess.Popen(SLEEPER)
    try:
        began = Process.of(stranger.pid).started
        folder.write("one.pid", json.dumps({"pid": stranger.pid, "started": began - 60}))
        assert processes.state_of(folder, "one") == ("crashed", None)
        processes.stop(folder, "one")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait(5)


def test_a_member_that_does_not_hear_is_killed_in_time(folder, monkeypatch):
    monkeypatch.setattr(processes, "_STOPPING", 0.5)
    process = start(folder, DEAF)
    while "deaf" not in processes.last_words(folder, "one"):
        assert process.is_running()
    processes.stop(folder, "one")
    assert not psutil.pid_exists(process.pid) or process.status() == psutil.STATUS_ZOMBIE


def test_a_member_gets_what_it_needs_and_no_secret_of_the_operator(folder, monkeypatch):
    monkeypatch.setenv("SHOP_PAYMENT_API_KEY", "sk_live_value")
    telling = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
    processes.start(folder, "one", telling, {"AWS_REGION": "eu-central-1"}).wait(5)
    found = json.loads(folder.log("one").read_text())
    assert found["AWS_REGION"] == "eu-central-1"
    assert found["PATH"] == os.environ["PATH"]
    assert "SHOP_PAYMENT_API_KEY" not in found


def test_files_are_their_owners_alone(folder):
    start(folder, SLEEPER)
    file = folder.write("openbao.token", "t")
    modes = {stat.S_IMODE(each.stat().st_mode) for each in (file, folder.pidfile("one"), folder.log("one"))}
    assert modes == {0o600}


@pytest.mark.enable_socket
def test_ports_are_chosen_once_and_kept(folder):
    ports = folder.ports(("a", "b", "c"))
    assert len(set(ports.values())) == 3
    assert folder.ports(("a", "b", "c")) == ports
    assert Folder(folder.path).ports(("a", "b", "c", "d")).items() > ports.items()


@pytest.mark.enable_socket
def test_a_port_that_somebody_listens_on_is_taken(folder):
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        assert processes.taken(stranger.getsockname()[1])
    assert not processes.taken(folder.ports(("a",))["a"])


def test_a_member_as_json():
    member = Member("aws", "http://127.0.0.1:1", "running", 7)
    assert member.as_json() == {"name": "aws", "address": "http://127.0.0.1:1", "state": "running", "pid": 7}
