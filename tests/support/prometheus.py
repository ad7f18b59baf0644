"""Prometheus, Alertmanager, Pushgateway, a blackbox exporter and our delivery probe, as a team sets them up.

They are Debian's, evaluate and notify every second, and read one folder.
"""

import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from provisioning_assets.backends.access import Access
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Json
from provisioning_assets.sandbox.prometheus import server_command, write, write_alertmanager
from tests.support.back_ends import opened
from tests.support.servers import free_port, freeze, wait_for
from tests.support.waiting import wait_until

_EVERYTHING = 'proxy_url: "http://127.0.0.1:{pushgateway}"'
"""Whatever plain http:// address it is to look at, the Pushgateway answers, as if it were there."""
SERVERS = ("delivery_probe", "blackbox", "pushgateway", "alertmanager", "prometheus")


@dataclass
class Monitors:
    """The servers, and the folder that they read."""

    folder: Path
    ports: dict[str, int]
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def well(self) -> str:
        """An address below which `/-/healthy` and `/-/ready` are well."""
        return self.address("pushgateway")

    def address(self, server: str) -> str:
        """Of one server."""
        return f"http://127.0.0.1:{self.ports[server]}"

    def access(self, **more: str) -> Access:
        """The access to them, and to nothing else."""
        named = ("prometheus", "alertmanager", "pushgateway", "delivery_probe")
        return prometheus_access(**{name: self.address(name) for name in named}, **more)

    def opened(self, settings: Mapping[str, str] = {}, **variables: str) -> Any:
        """The product on them, with settings and variables of the profile besides, or in their place."""
        receivers = {"pager": "people-pager", "quiet": "people-quiet"}
        chosen = {"folder": str(self.folder), **receivers, **settings}
        return opened(Kind.MONITORING, "prometheus", self.access(**variables), **chosen)

    def api(self, server: str, path: str, method: str = "GET", **body: Any) -> Json:
        """What reaches behind the product's back."""
        answer = requests.request(method, self.address(server) + path, timeout=10, **body)
        answer.raise_for_status()
        return answer.json() if answer.content and "json" in answer.headers["content-type"] else None

    def reload(self, server: str) -> None:
        """Have it read its files anew."""
        self.api(server, "/-/reload", "POST")

    @contextmanager
    def hanging(self, server: str) -> Iterator[None]:
        """A server that takes connections and answers nothing."""
        process = self.processes[server]
        try:
            freeze(process.pid, self.address(server))
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    def start(self, server: str) -> None:
        """Start one, in the folder."""
        with (self.folder / f"{server}.log").open("ab") as log:
            self.processes[server] = subprocess.Popen(
                server_command(server, self.ports[server]), cwd=self.folder, stdout=log, stderr=log
            )
        wait_for(self.ports[server])

    def end(self, server: str) -> None:
        """End one."""
        self.processes[server].terminate()
        self.processes[server].wait(20)

    def empty(self) -> None:
        """Forget what was written for scopes."""
        targets = list(self.folder.glob("targets/*"))
        for file in targets:
            file.write_text('[{"targets": []}]')  # of a file that is gone, Prometheus keeps what it read last
        for file in self.folder.glob("rules/*"):
            file.unlink()
        shutil.rmtree(self.folder / "consoles")
        (self.folder / "consoles").mkdir()
        write_alertmanager(self.folder, self.ports)
        for server in ("prometheus", "alertmanager"):
            self.reload(server)
        for silence in self.api("alertmanager", "/api/v2/silences"):
            if silence["status"]["state"] != "expired":
                self.api("alertmanager", f"/api/v2/silence/{silence['id']}", "DELETE")
        # What is gone from the files stays live for some seconds, and would be taken for what a test had written.
        wait_until(lambda: not any("scope" in target["labels"] for target in self._targets()))
        for file in targets:
            file.unlink()

    def _targets(self) -> list[Json]:
        found: list[Json] = self.api("prometheus", "/api/v1/targets?state=active")["data"]["activeTargets"]
        return found


def prometheus_access(**variables: str) -> Access:
    """An access by the servers' names, or by their variables."""
    urls = {name: value for name, value in variables.items() if name.islower()}
    rest = {name: value for name, value in variables.items() if not name.islower()}
    return Access("the test's own", {**{f"{name.upper()}_URL": url for name, url in urls.items()}, **rest})


@contextmanager
def monitors() -> Iterator[Monitors]:
    """All of them, running."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        ports = {server: free_port() for server in SERVERS}
        running = Monitors(Path(name), ports)
        write(running.folder, ports, http=_EVERYTHING.format_map(ports))
        for server in ports:
            stack.callback(running.end, server)
            running.start(server)
        wait_until(lambda: requests.get(f"{running.address('prometheus')}/-/ready", timeout=1).ok)
        wait_until(lambda: running.api("prometheus", "/api/v1/alertmanagers")["data"]["activeAlertmanagers"])
        yield running
