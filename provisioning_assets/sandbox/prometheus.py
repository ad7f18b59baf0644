"""Prometheus, Alertmanager, Pushgateway, a blackbox exporter and our delivery probe, as a team sets them up.

They evaluate and notify every second, and read one folder. What the blackbox exporter asks for goes by the gateway,
which leads to the edge: names of the engagement resolve nowhere else.
"""

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import uuid4

from provisioning_assets.sandbox import debian, openbao
from provisioning_assets.sandbox.processes import member_command
from provisioning_assets.sandbox.setup import Setup

MEMBERS = ("delivery_probe", "gateway", "blackbox", "pushgateway", "alertmanager", "prometheus")
_ASKED = {
    "prometheus": "PROMETHEUS_URL",
    "alertmanager": "ALERTMANAGER_URL",
    "pushgateway": "PUSHGATEWAY_URL",
    "delivery_probe": "DELIVERY_PROBE_URL",
}
_PROMETHEUS = """global: {{scrape_interval: 1s, evaluation_interval: 1s, external_labels: {{site: here}}}}
alerting:
  alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]
rule_files: [rules/*.yml]
scrape_configs:
  - job_name: blackbox
    metrics_path: /probe
    params: {{module: [http_2xx]}}
    file_sd_configs: [{{files: [targets/*.yml]}}]
    relabel_configs:
      - {{source_labels: [__address__], target_label: __param_target}}
      - {{source_labels: [__param_target], target_label: instance}}
      - {{target_label: __address__, replacement: "127.0.0.1:{blackbox}"}}
  - job_name: pushgateway
    honor_labels: true
    static_configs: [{{targets: ["127.0.0.1:{pushgateway}"]}}]
"""
_ALERTMANAGER = """# The team's own.
route:
  receiver: nobody
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 4h
  routes:
    - matchers: [team="data", severity=~"warning|info"]  # not ours
      receiver: people-quiet
receivers:
  - name: nobody
  - name: people-pager
    webhook_configs:
      - url: "http://127.0.0.1:{delivery_probe}/people/pager"
  - name: people-quiet
    webhook_configs:
      - url: "http://127.0.0.1:{delivery_probe}/people/quiet"
"""
_BLACKBOX = """modules:
  http_2xx:
    prober: http
    timeout: 1s
    http: {{{http}, skip_resolve_phase_with_proxy: true}}
"""
_TEMPLATES = b"/usr/share/prometheus/alertmanager"
"""Where Debian's Alertmanager looks for its templates, whatever it is told."""
_ARGUMENTS = {
    "blackbox": ("--config.file=blackbox.yml",),
    "pushgateway": (),
    "alertmanager": ("--config.file=alertmanager.yml", "--storage.path=alerts", "--cluster.listen-address="),
    "prometheus": (
        "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.enable-lifecycle",
        "--web.console.templates=consoles", "--web.cors.origin=^$", "--scrape.discovery-reload-interval=100ms",
    ),
}  # fmt: skip


def prepare(setup: Setup) -> None:
    """Write the folder that all of them read."""
    debian.install("prometheus", setup.progress)
    trust = f", tls_config: {{ca_file: {setup.folder.path / openbao.ANCHORS}}}"
    write(setup.folder.fresh("prometheus"), setup.ports, http=f'proxy_url: "{setup.http("gateway")}"{trust}')


def command(name: str) -> Callable[[Setup], list[str]]:
    """The command of one of them."""

    def of(setup: Setup) -> list[str]:
        if name == "gateway":
            return member_command(name, str(setup.ports[name]), setup.at("edge"))
        # They read what lies in the folder where they start.
        return ["/usr/bin/env", "-C", str(setup.folder.path / "prometheus"), *server_command(name, setup.ports[name])]

    return of


def profile(name: str) -> Callable[[Setup], Mapping[str, str]]:
    """Where one of them is, for those that runs ask."""
    return lambda setup: {_ASKED[name]: setup.http(name)} if name in _ASKED else {}


def ready(name: str) -> Callable[[Setup], str]:
    """The path that answers when one of them is ready: one that reads its log anew is healthy before."""
    paths = {"blackbox": "/-/healthy", "gateway": "", "delivery_probe": ""}
    return lambda _setup: paths.get(name, "/-/ready")


def write(folder: Path, ports: Mapping[str, int], *, http: str) -> None:
    """Write a team's configuration; `http` says how the blackbox exporter asks."""
    for each in ("rules", "targets", "consoles"):
        (folder / each).mkdir()
    (folder / "prometheus.yml").write_text(_PROMETHEUS.format_map(ports), encoding="utf-8")
    (folder / "blackbox.yml").write_text(_BLACKBOX.format(http=http), encoding="utf-8")
    write_alertmanager(folder, ports)
    shutil.copytree(debian.folder("prometheus") / _TEMPLATES.decode()[1:], folder / "templates")


def write_alertmanager(folder: Path, ports: Mapping[str, int]) -> None:
    """Write the configuration of Alertmanager as it is before any run."""
    (folder / "alertmanager.yml").write_text(_ALERTMANAGER.format_map(ports), encoding="utf-8")


def server_command(name: str, port: int) -> list[str]:
    """The command of one of them, to be started in the folder."""
    if name == "delivery_probe":
        module = "provisioning_assets.backends.monitoring.prometheus.delivery_probe"
        return [sys.executable, "-m", module, f"127.0.0.1:{port}"]
    if name == "alertmanager":
        program = _alertmanager()
    else:
        names = {"blackbox": "prometheus-blackbox-exporter", "pushgateway": "prometheus-pushgateway"}
        program = debian.folder("prometheus") / "usr/bin" / names.get(name, name)
    return [str(program), f"--web.listen-address=127.0.0.1:{port}", *_ARGUMENTS[name]]


def _alertmanager() -> Path:
    """Debian's program, which looks for its templates in the folder where it is started: no root, nothing installed."""
    original = debian.folder("prometheus") / "usr/bin/prometheus-alertmanager"
    ours = original.with_name("alertmanager-here")
    if not ours.exists():
        made = ours.with_name(f"{ours.name}.{uuid4().hex}")  # two may do this at once
        made.write_bytes(original.read_bytes().replace(_TEMPLATES, b"./templates".ljust(len(_TEMPLATES), b"/")))
        made.chmod(0o755)
        made.replace(ours)
    return ours
