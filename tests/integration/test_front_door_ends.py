"""How the web interface begins and ends: what runs together ends together, and leaves nothing behind."""

import signal
from collections.abc import Iterator

import psutil
import pytest

from tests.support.front_door import Interface, web_interface

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
    assert interface.process.wait(30) == 1
    said = interface.log.read_text()
    assert "dagster-daemon" in said
    assert "SIGKILL" in said
    assert "remedy: " in said
    assert ended(processes, 1)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_every_process(interface: Interface, number: int, code: int) -> None:
    processes = interface.processes()
    interface.process.send_signal(number)
    assert interface.process.wait(30) == code
    assert ended(processes, 1)


def test_a_killed_interface_takes_its_daemon_along_at_once(interface: Interface) -> None:
    daemon = {"dagster-daemon": interface.processes()["dagster-daemon"]}
    interface.process.kill()
    interface.process.wait()
    assert not psutil.wait_procs(daemon.values(), 15)[1]
