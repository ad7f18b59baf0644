"""How the web interface begins and ends: what runs together ends together, and leaves nothing behind."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.front_door import Interface, web_interface
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]


@pytest.fixture
def interface(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interface]:
    with web_interface(tmp_path_factory.mktemp("front")) as running:
        yield running


def ended(processes: dict[str, psutil.Process], within: float) -> bool:
    assert processes.keys() == {"dagster-daemon", "code-server", "api grpc"}
    return not psutil.wait_procs(processes.values(), within)[1]


def test_a_killed_daemon_ends_the_interface_with_its_reason(interface: Interface) -> None:
    processes = interface.processes()
    processes["dagster-daemon"].send_signal(signal.SIGKILL)
    assert interface.process.wait(60) == 1
    said = interface.log.read_text()
    assert "dagster-daemon" in said
    assert "SIGKILL" in said
    assert "remedy: " in said
    assert ended(processes, 1)


BESIDE = """
import shutil, sys
from pathlib import Path
from provisioning_assets.cli import home
from provisioning_assets.orchestration import front_door
from provisioning_assets.orchestration.listening import listen

def projection(serving):
    while not Path("engagements/another").exists():
        serving.ended.wait(0.1)
    serving.reload()
    while not Path("failing").exists():
        serving.ended.wait(0.1)
    raise RuntimeError("never to be seen")

ports = [listen(int(port)) for port in sys.argv[1:]]
with home.instance() as instance:
    front_door.serve(instance, Path("workspace.yaml"), *ports, beside=[projection], tell=print)
"""


def test_what_works_beside_it_reloads_and_its_failure_ends_all(tmp_path: Path) -> None:
    with web_interface(tmp_path, [sys.executable, "-u", "-c", BESIDE]) as interface:
        another = tmp_path / "engagements" / "another"
        shutil.copytree(tmp_path / "engagements" / "demo_shop", tmp_path / "copied")
        file = tmp_path / "copied" / "engagement.yaml"
        file.write_text(file.read_text().replace("demo_shop", "another").replace("demo-shop", "another"))
        (tmp_path / "copied").rename(another)
        query = "{ assetNodes { groupName } }"
        wait_until(lambda: "another" in str(interface.asked(query)), within=60)
        processes = interface.processes()
        (tmp_path / "failing").touch()
        assert interface.process.wait(60) == 1
        assert "never to be seen" not in interface.log.read_text()
        assert "projection: internal error RuntimeError" in interface.log.read_text()
        assert ended(processes, 1)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_every_process(interface: Interface, number: int, code: int) -> None:
    processes = interface.processes()
    os.killpg(interface.process.pid, number)  # as a terminal does
    assert interface.process.wait(60) == code
    assert ended(processes, 1)


def test_a_service_manager_that_signals_every_process_ends_it_in_order(interface: Interface) -> None:
    processes = interface.processes()
    for each in (*processes.values(), interface.process):
        each.terminate()
    assert interface.process.wait(60) == 143
    assert ended(processes, 1)


def test_a_killed_interface_takes_its_daemon_along_at_once(interface: Interface) -> None:
    daemon = {"dagster-daemon": interface.processes()["dagster-daemon"]}
    interface.process.kill()
    interface.process.wait()
    assert not psutil.wait_procs(daemon.values(), 15)[1]
